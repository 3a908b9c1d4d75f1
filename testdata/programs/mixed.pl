# Regular expressions, hashes, sorting, formats, closures, packing: what Perl programs do to memory.
use strict; use warnings;
my $scale = shift // 1;
my $seed = 11;
sub rnd { $seed = ($seed * 1103515245 + 12345) % 2147483648; int($seed / 65536) % $_[0] }
my @w = map { join '', map { chr 97 + rnd(26) } 1 .. 3 + rnd(6) } 1 .. 20000 * $scale;
my %c; $c{$_}++ for @w; $c{substr $_, 0, 2} .= length for @w;
printf "%d words, %d different, top %s\n", scalar @w, scalar keys %c, join ',', (sort { length $c{$b} <=> length $c{$a} || $a cmp $b } keys %c)[0 .. 4];
my $text = join ' ', @w;
my $n = () = $text =~ /\b([aeiou])\w*?(\w)\2/g;
(my $t = $text) =~ s/(\w+) (\w+)/$2-$1/g;
$t =~ tr/a-z/b-za/;
my @m = $text =~ /\b(\w)(\w)\w?\2\1\b/g;
printf "%d doubled, %d palindromes, %s\n", $n, @m / 2, unpack '%32C*', $t;
my @s = sort { $a->[1] <=> $b->[1] || $a->[0] cmp $b->[0] } map { [$_, length] } @w;
print "$s[0][0] $s[-1][0] ", join('|', map { sprintf '%-5s%03d%8.3f', $_, rnd(1000), rnd(1000) / 7 } @w[0 .. 9]), "\n";
my @f = map { my $k = $_; sub { $k = ($k * $_[0] + 1) % 10007 } } 1 .. 100;
my $x = 1; for my $i (1 .. 200 * $scale) { $x = $_->($x + $i) for @f }
my $p = pack 'N n C w/a* d< q', 1, 2, 3, 'four', 5.5, -6;
print "$x ", unpack('H*', $p), ' ', join(',', unpack 'N n C w/a* d< q', $p), "\n";
my %deep; $deep{rnd 10}{rnd 10}[rnd 10] += $_ for 1 .. 20000 * $scale;
print join(' ', map { my $k = $_; map { $k . $_ . ':' . ($deep{$k}{$_}[3] // '-') } sort keys %{$deep{$k}} } (sort keys %deep)[0, 1]), "\n";
my $big = 'x' x 100000; $big .= chr(65 + $_ % 26) for 1 .. 100000; print length($big), ' ', unpack('%32C*', $big), "\n";
eval { die { code => 42 } }; print "died $@->{code}\n";
unless (@ARGV) { local $SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 1; 1 while 1; }; print "caught $@" }
