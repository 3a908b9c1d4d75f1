// A static executable at a fixed address.
// cflags: -static -no-pie -pthread
#include "static_pie.c"
