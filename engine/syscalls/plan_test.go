package syscalls

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// image is memory from address 0x10000 on.
type image []byte

const imageAt = 0x10000

func (m image) Read(addr uint64, buf []byte) error {
	if addr < imageAt || addr-imageAt+uint64(len(buf)) > uint64(len(m)) {
		return unix.EFAULT
	}
	copy(buf, m[addr-imageAt:])
	return nil
}

// words is an image of numbers of the sizes they have in Go.
func words(values ...any) image {
	var b bytes.Buffer
	for _, v := range values {
		binary.Write(&b, binary.LittleEndian, v)
	}
	return append(b.Bytes(), make([]byte, 256)...)
}

// TestPlans has the plans that the differential test cannot drive on every machine.
func TestPlans(t *testing.T) {
	ioctl := func(code uint64) args { return args{3, code, imageAt} }
	for _, c := range []struct {
		name string
		nr   uint64
		args args
		mem  image
		ret  int64
		want []Range
		gap  string
	}{
		{"clone of a thread", unix.SYS_CLONE, args{0x100 | 0x100000 | 0x1000000, 1, 2, 3}, nil, 77, []Range{{2, 4}, {3, 4}}, ""},
		{"clone by glibc's fork", unix.SYS_CLONE, args{17 | 0x1000000, 0, 0, 3}, nil, 77, nil, ""},
		{"clone like fork", unix.SYS_CLONE, args{17, 0, 0, 0}, nil, 77, nil, ""},
		{"clone3", unix.SYS_CLONE3, args{imageAt, 88}, words(uint64(0x100000|0x1000), uint64(5), uint64(6), uint64(7)), 77, []Range{{7, 4}, {5, 4}}, ""},
		{"iptables counters", unix.SYS_SETSOCKOPT, args{3, unix.SOL_IP, 64, imageAt, 200}, words(make([]byte, 84), uint32(9), uint64(0x5000)), 0, []Range{{0x5000, 144}}, ""},
		{"arptables counters", unix.SYS_SETSOCKOPT, args{3, unix.SOL_IP, 96, imageAt, 200}, words(make([]byte, 68), uint32(9), uint64(0x5000)), 0, []Range{{0x5000, 144}}, ""},
		{"ebtables counters", unix.SYS_SETSOCKOPT, args{3, unix.SOL_IP, 128, imageAt, 200}, words(make([]byte, 96), uint64(9), uint64(0x5000)), 0, []Range{{0x5000, 144}}, ""},
		{"the same number elsewhere", unix.SYS_SETSOCKOPT, args{3, unix.SOL_SOCKET, 64, imageAt, 4}, words(uint64(1)), 0, nil, ""},
		{"keyctl sign", unix.SYS_KEYCTL, args{27, imageAt, 1, 2, 0x5000}, words(uint32(1), uint32(2), uint32(64)), 64, []Range{{0x5000, 64}}, ""},
		{"quotactl", unix.SYS_QUOTACTL, args{0x800007 << 8, 1, 2, 0x5000}, nil, 0, []Range{{0x5000, sizeQuota}}, ""},
		{"lsm_get_self_attr", unix.SYS_LSM_GET_SELF_ATTR, args{100, 0x5000, imageAt, 0}, words(uint32(300)), 1, []Range{{imageAt, 4}, {0x5000, 300}}, ""},
		{"known ioctl", unix.SYS_IOCTL, ioctl(0x80081272), nil, 0, []Range{{imageAt, 8}}, ""},
		{"ioctl with an array", unix.SYS_IOCTL, ioctl(0xc008ae05), words(uint32(3)), 0, []Range{{imageAt, 8}, {imageAt + 8, 120}}, ""},
		{"ioctl with a pointer", unix.SYS_IOCTL, ioctl(0x8912), words(uint64(80), uint64(0x5000)), 0, []Range{{imageAt, 16}, {0x5000, 80}}, ""},
		{"SG_IO", unix.SYS_IOCTL, ioctl(0x2285), words([]byte{'S', 0, 0, 0, 0, 0, 0, 0, 6, 32, 0, 0}, uint32(512), uint64(0x5000), uint64(0), uint64(0x6000)), 0,
			[]Range{{imageAt, 88}, {0x5000, 512}, {0x6000, 32}}, "SG_IO"},
		{"device mapper by type", unix.SYS_IOCTL, ioctl(0xc138fd0c), words(make([]byte, 12), uint32(16384)), 0, []Range{{imageAt, 312}, {imageAt, 16384}}, ""},
		{"unknown request of a flat type", unix.SYS_IOCTL, ioctl(0x800c4599), nil, 0, []Range{{imageAt, 12}}, ""},
		{"unknown request", unix.SYS_IOCTL, ioctl(0xc0105a01), nil, 0, []Range{{imageAt, 16}}, "0xc0105a01"},
		{"unknown request without direction", unix.SYS_IOCTL, ioctl(0x5a01), nil, 0, nil, "0x5a01"},
		{"KVM_RUN", unix.SYS_IOCTL, ioctl(0xae80), nil, 0, nil, "KVM_RUN"},
		{"a pointer that is a number", unix.SYS_IOCTL, args{3, 0xc0105a01, 7}, nil, -22, []Range{{7, 16}}, "0xc0105a01"},
		{"O_DIRECT afterwards", unix.SYS_FCNTL, args{3, unix.F_SETFL, unix.O_DIRECT}, nil, 0, nil, "direct"},
		{"O_NONBLOCK afterwards", unix.SYS_FCNTL, args{3, unix.F_SETFL, unix.O_NONBLOCK}, nil, 0, nil, ""},
		{"openat2 with O_DIRECT", unix.SYS_OPENAT2, args{0, 1, imageAt, 24}, words(uint64(unix.O_DIRECT)), 3, nil, "direct"},
		{"direct", unix.SYS_OPENAT, args{0, 0x5000, unix.O_DIRECT}, nil, 3, nil, "direct"},
		{"refused", unix.SYS_IO_URING_SETUP, args{1, 0x5000}, nil, -38, nil, "io_uring"},
		{"an absurd count", unix.SYS_POLL, args{1 << 40, 1 << 62}, nil, 0, []Range{{1 << 40, addressSpace - 1<<40}}, ""},
		{"an address of the kernel", unix.SYS_STAT, args{1, 1 << 63}, nil, -14, nil, ""},
	} {
		p := Plan(c.nr, c.args, c.mem)
		got := slices.Compact(p.Writes(c.ret, c.mem))
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %#x, want %#x", c.name, got, c.want)
		}
		if (p.Gap() == "") != (c.gap == "") || !strings.Contains(p.Gap(), c.gap) {
			t.Errorf("%s: gap %q", c.name, p.Gap())
		}
	}
}

// TestNonsense: whatever a program passes, planning neither panics nor reads without end nor names a range of the kernel.
func TestNonsense(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	mem := make(image, 1<<16)
	odd := func() uint64 {
		switch rng.IntN(4) {
		case 0:
			return rng.Uint64()
		case 1:
			return imageAt + rng.Uint64N(1<<16)
		case 2:
			return uint64(int64(rng.IntN(5) - 2))
		}
		return rng.Uint64N(3000)
	}
	for range 40 {
		for i := 0; i < len(mem); i += 8 {
			binary.LittleEndian.PutUint64(mem[i:], odd())
		}
		for nr := range uint64(Max + 2) {
			a := args{odd(), odd(), odd(), odd(), odd(), odd()}
			if row := Lookup(nr); row.Sub != nil {
				c := row.Sub.Cases[rng.IntN(len(row.Sub.Cases))]
				a[row.Sub.Arg] = uint64(c.Values[rng.IntN(len(c.Values))])
			}
			p := Plan(nr, a, mem)
			for _, ret := range []int64{0, 1, 1 << 20, -int64(unix.EFAULT), -int64(unix.EINTR), rng.Int64()} {
				for _, r := range p.Writes(ret, mem) {
					if r.Addr == 0 || r.Len == 0 || r.Addr+r.Len > addressSpace || r.Addr+r.Len < r.Addr {
						t.Fatalf("%s%#x = %d: %#x", Name(nr), a, ret, r)
					}
				}
			}
		}
	}
}
