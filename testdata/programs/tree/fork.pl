# fork, pipes, wait, signals and exec, perl's way.
use strict; use POSIX ":sys_wait_h"; $| = 1;
my @sums;
for my $i (1 .. 6) {
    pipe(my $r, my $w); my $pid = fork;
    if (!$pid) { close $r; my $s = 0; $s += $_ * $i for 1 .. 20000; print $w $s; close $w; exit $i }
    close $w; push @sums, scalar <$r>; waitpid $pid, 0; push @sums, $? >> 8;
}
print "@sums\n";
my $got = 0; local $SIG{CHLD} = sub { while (waitpid(-1, WNOHANG) > 0) { $got++ } };
fork || exit 0 for 1 .. 5; select undef, undef, undef, 0.01 while $got < 5; print "reaped $got\n";
local $SIG{CHLD} = 'DEFAULT';
print qx(echo from a shell); system "exit 3"; print $? >> 8, "\n";
open my $f, "-|", "seq", 3 or die; print <$f>; close $f;
my $p = fork; if (!$p) { sleep 10; exit } kill TERM => $p; waitpid $p, 0; print "signal ", $? & 127, "\n";
