// Package demo holds the program of `kmv demo`, built ahead so that it runs where there is no compiler.
package demo

import _ "embed"

//go:generate gcc -static -nostdlib -O1 -g1 -fno-stack-protector -fno-tree-vectorize -fno-pie -no-pie -fcf-protection=none -ffile-prefix-map=.= -Wl,--build-id=none -Wl,-z,noseparate-code -o ledger src/ledger.c

// Program is an executable file.
//
//go:embed ledger
var Program []byte

// Source is what it was made of.
//
//go:embed src/ledger.c
var Source []byte
