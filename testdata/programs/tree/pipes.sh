# Pipes, jobs, traps, here-documents, substitutions: what shells fork for.
for i in 1 2 3; do echo $i | cat | tr 1-3 a-c; done
cat <<X | sort -r | while read line; do echo "got $line"; done
one
two $(echo three | tr a-z A-Z)
`expr 6 \* 7`
X
trap 'echo usr1' USR1
kill -USR1 $$
(trap 'echo child term; exit 5' TERM; kill -TERM $(exec sh -c 'echo $PPID'); echo not reached)
echo "status $?"
sleep 0.1 & first=$!
(exit 7) & second=$!
wait $second; echo "second $?"
wait $first; echo "first $?"
( ( (echo nested; exit 3) ; echo $? ) | cat )
seq 2000 | head -3
yes | head -1000 | wc -l
(sh -c 'kill -9 $$'; echo "killed $?") 2>/dev/null
sh -c 'exec nothing-like-this' 2>/dev/null; echo "not found $?"
mkfifo pipe; (echo through a fifo > pipe &) ; cat pipe; rm pipe
(setsid sh -c 'echo daemon > daemon.out' &) ; while [ ! -s daemon.out ]; do :; done; cat daemon.out; rm daemon.out
i=0; while [ $i -lt 60 ]; do /bin/true; i=$((i + 1)); done; echo $i
trap 'echo bye' EXIT
