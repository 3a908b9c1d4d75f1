# Words, their lengths and their neighbours.
{ for (i = 1; i <= NF; i++) { n[$i]++; len[length($i)]++; if (i > 1) pair[$(i - 1) " " $i]++ } chars += length($0) + 1; sub(/[aeiou]+/, "<&>"); last = $0 }
END {
	for (w in n) { if (n[w] > best || n[w] == best && w < word) { best = n[w]; word = w } words++ }
	for (l = 1; l < 20; l++) printf "%d:%d ", l, len[l]
	for (p in pair) if (pair[p] > top || pair[p] == top && p < name) { top = pair[p]; name = p }
	printf "\n%d lines, %d characters, %d words, most %s (%d), pair %s (%d), last %s\n", NR, chars, words, word, best, name, top, last
	printf "%.10f %s %s\n", sin(1) + exp(1) * log(10), substr("kmemvisor", 3, 4), toupper(sprintf("%x|%5.2f|%-5s|", 48879, 3.14159, "ab"))
}
