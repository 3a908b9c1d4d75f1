# Numbers swapped, blank lines squeezed, comments gone, long lines folded at commas, every tenth line doubled.
s/([0-9]+)([^0-9]+)([0-9]+)/\3\2\1/g
/^[[:space:]]*$/{
	$!N
	/^\n$/D
}
s,/\*.*\*/,,
s/(.{60}),/\1,\n    /
10~10p
y/abc/xyz/
$!{
	h
	G
	s/^(.*)\n.{0,40}$/\1/
}
