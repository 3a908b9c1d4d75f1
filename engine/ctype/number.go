package ctype

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	bits64 "math/bits"
	"strconv"
	"strings"
)

// bits are at most eight bytes as a number, little endian.
func bits(b []byte) uint64 {
	var w [8]byte
	copy(w[:], b)
	return binary.LittleEndian.Uint64(w[:])
}

// Extend makes a value of a type 64 bits wide.
func (t *Type) Extend(v uint64) uint64 {
	if t.Size >= 8 || t.Size <= 0 {
		return v
	}
	shift := 64 - 8*uint(t.Size)
	if t.Unsigned || t.Kind == Bool {
		return v << shift >> shift
	}
	return uint64(int64(v<<shift) >> shift)
}

// Floating is a value of a floating point type.
func Floating(b []byte) float64 {
	switch len(b) {
	case 4:
		return float64(math.Float32frombits(uint32(bits(b))))
	case 8:
		return math.Float64frombits(bits(b))
	}
	f, _ := extended(b)
	v, _ := f.Float64()
	return v
}

// extended is an x87 number (SDM volume 1, 4.2.2): 64 bits with the leading one, 15 of exponent, a sign. ok is false for what is
// no number.
func extended(b []byte) (*big.Float, bool) {
	const bias = 16383
	if len(b) < 10 {
		return new(big.Float), false
	}
	head := binary.LittleEndian.Uint16(b[8:])
	exp := int(head & 0x7fff)
	if exp == 0x7fff {
		return new(big.Float), false
	}
	f := new(big.Float).SetPrec(64).SetUint64(bits(b[:8]))
	f.SetMantExp(f, exp-bias-63)
	if head>>15 != 0 {
		f.Neg(f)
	}
	return f, true
}

// float writes a floating point value with as many digits as C needs to read it back.
func float(b []byte) string {
	digits := 17
	switch len(b) {
	case 4:
		digits = 9
	case 8:
	default:
		f, ok := extended(b)
		if !ok {
			return "nan(0x" + hexBytes(b[:10]) + ")"
		}
		return general(f.Text('g', 18))
	}
	v := Floating(b)
	switch {
	case math.IsNaN(v):
		sign, mantissa := "", bits(b)&(1<<52-1)
		if len(b) == 4 {
			mantissa = bits(b) & (1<<23 - 1)
		}
		if math.Signbit(v) {
			sign = "-"
		}
		return fmt.Sprintf("%snan(%#x)", sign, mantissa)
	case math.IsInf(v, 0):
		return strings.TrimPrefix(strings.ToLower(fmt.Sprint(v)), "+")
	}
	return general(strconv.FormatFloat(v, 'g', digits, 64))
}

// general makes Go's %g C's: no zeros behind the last digit.
func general(s string) string {
	mantissa, exp, scientific := strings.Cut(s, "e")
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	if scientific {
		return mantissa + "e" + exp
	}
	return mantissa
}

func hexBytes(b []byte) string {
	var s strings.Builder
	for i := len(b) - 1; i >= 0; i-- {
		fmt.Fprintf(&s, "%02x", b[i])
	}
	if h := strings.TrimLeft(s.String(), "0"); h != "" {
		return h
	}
	return "0"
}

// wide is an integer of more than eight bytes.
func wide(b []byte, unsigned bool) string {
	v := new(big.Int)
	v.SetString(hexBytes(b), 16)
	if !unsigned && len(b) > 0 && b[len(b)-1]&0x80 != 0 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return v.String()
}

// enum names a value, or the flags that it is made of.
func (t *Type) enum(v int64) string {
	flags := uint64(0)
	disjoint := true
	for _, n := range t.Values {
		if n.Value == v {
			return n.Name
		}
		f := uint64(n.Value)
		if flags&f != 0 || n.Value < 0 || f != 0 && f>>bits64.TrailingZeros64(f)&(f>>bits64.TrailingZeros64(f)+1) != 0 {
			disjoint = false // or not one group of bits
		}
		flags |= uint64(n.Value)
	}
	if !disjoint || v == 0 || len(t.Values) == 0 {
		return fmt.Sprint(v)
	}
	var parts []string
	left := uint64(v)
	for _, n := range t.Values {
		if f := uint64(n.Value); f != 0 && left&f == f {
			parts = append(parts, n.Name)
			left &^= f
		}
	}
	if left != 0 {
		if t.Size < 8 {
			left &= 1<<(8*t.Size) - 1
		}
		parts = append(parts, fmt.Sprintf("unknown: %#x", left))
	}
	return "(" + strings.Join(parts, " | ") + ")"
}
