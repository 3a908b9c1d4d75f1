# What bash has beyond sh: process substitution, coprocesses, job control, arrays of pids.
set -m
diff <(seq 5) <(seq 2 6)
coproc { while read x; do echo $((x * x)); done; }
for i in 3 4 5; do echo $i >&${COPROC[1]}; read y <&${COPROC[0]}; echo $y; done
eval "exec ${COPROC[1]}>&-"; wait $COPROC_PID; echo "coproc $?"
declare -a pids
for i in {1..8}; do (exit $i) & pids+=($!); done
for p in ${pids[@]}; do wait $p; echo -n "$? "; done; echo
sleep 5 & kill -STOP %1; kill -CONT %1; kill %1; wait %1; echo "killed $?"
shopt -s lastpipe; set +m; seq 10 | mapfile -t lines; echo ${#lines[@]}
{ echo a; echo b >&2; } 2>&1 | sort
printf '%s\n' {a..e} | xargs -P 3 -I{} sh -c 'echo {}' | sort
false | true | false; echo ${PIPESTATUS[@]}
