# Regular expressions, hashes, sorting.
use strict; use warnings;
my ($scale, $seed) = ($ARGV[0], 11);
sub rnd { $seed = ($seed * 1103515245 + 12345) % 2147483648; int($seed / 65536) % $_[0] }
for my $round (1 .. $scale) {
	my @w = map { join '', map { chr 97 + rnd(26) } 1 .. 3 + rnd(6) } 1 .. 4000;
	my (%c, %d); $c{$_}++ for @w; $d{substr $_, 0, 2} .= length for @w;
	my $text = join ' ', @w;
	my $n = () = $text =~ /\b([aeiou])\w*?(\w)\2/g;
	(my $t = $text) =~ s/(\w+) (\w+)/$2-$1/g;
	$t =~ tr/a-z/b-za/;
	my @m = $t =~ /\b(\w)(\w)\w?\2\1\b/g;
	my @s = sort { length $a <=> length $b || $a cmp $b } @w;
	my %deep; $deep{rnd 10}{rnd 10}[rnd 10] += $_ for 1 .. 4000;
	printf "%d %d %d %s %s %s %d\n", scalar keys %c, $n, @m / 2, $s[0], $s[-1], (sort { length $d{$b} <=> length $d{$a} || $a cmp $b } keys %d)[0], scalar keys %deep;
}
