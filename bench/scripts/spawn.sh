# Run a program that does nothing, $1 times.
i=0
while [ $i -lt "$1" ]; do
	/bin/true
	i=$((i + 1))
done
