# build.sh N: make -j2 of N C files.
dir=$(mktemp -d) && cd $dir || exit 1
for i in $(seq $1); do
	for j in $(seq 40); do echo "int f${i}_$j(int a, int *b) { int s = $j; for (int i = 0; i < a; i++) s += b[i] * (s ^ i); return s; }"; done > p$i.c
done
printf 'all: %s\n%%.o: %%.c ; gcc -O2 -c -o $@ $<\n' "$(seq -f 'p%g.o' -s ' ' $1)" > Makefile
make -s -j2 && cat p*.o | cksum
rm -r $dir
