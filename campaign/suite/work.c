/* Generated: functions for a compiler to work on. */
typedef unsigned long u64;
struct item { int key; u64 value; struct item *next; };

u64 mix0(u64 a, u64 b, int n)
{
	u64 table[8];
	struct item *list = 0;
	for (int k = 0; k < 8; k++)
		table[k] = a * 3 + (b >> (k % 5)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 8] + a) % 3) {
		case 0: a += table[k % 8] * 1; break;
		case 1: b ^= a << 1; break;
		default: a = b - table[(k * 1) % 8];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b;
}

u64 mix1(u64 a, u64 b, int n)
{
	u64 table[9];
	struct item *list = 0;
	for (int k = 0; k < 9; k++)
		table[k] = a * 5 + (b >> (k % 6)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 9] + a) % 4) {
		case 0: a += table[k % 9] * 18; break;
		case 1: b ^= a << 2; break;
		default: a = b - table[(k * 2) % 9];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix0(b, a, n / 2);
}

u64 mix2(u64 a, u64 b, int n)
{
	u64 table[10];
	struct item *list = 0;
	for (int k = 0; k < 10; k++)
		table[k] = a * 7 + (b >> (k % 7)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 10] + a) % 5) {
		case 0: a += table[k % 10] * 35; break;
		case 1: b ^= a << 3; break;
		default: a = b - table[(k * 3) % 10];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix1(b, a, n / 2);
}

u64 mix3(u64 a, u64 b, int n)
{
	u64 table[11];
	struct item *list = 0;
	for (int k = 0; k < 11; k++)
		table[k] = a * 9 + (b >> (k % 8)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 11] + a) % 6) {
		case 0: a += table[k % 11] * 52; break;
		case 1: b ^= a << 4; break;
		default: a = b - table[(k * 4) % 11];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix2(b, a, n / 2);
}

u64 mix4(u64 a, u64 b, int n)
{
	u64 table[12];
	struct item *list = 0;
	for (int k = 0; k < 12; k++)
		table[k] = a * 11 + (b >> (k % 9)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 12] + a) % 3) {
		case 0: a += table[k % 12] * 69; break;
		case 1: b ^= a << 5; break;
		default: a = b - table[(k * 5) % 12];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix3(b, a, n / 2);
}

u64 mix5(u64 a, u64 b, int n)
{
	u64 table[8];
	struct item *list = 0;
	for (int k = 0; k < 8; k++)
		table[k] = a * 13 + (b >> (k % 10)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 8] + a) % 4) {
		case 0: a += table[k % 8] * 86; break;
		case 1: b ^= a << 6; break;
		default: a = b - table[(k * 6) % 8];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix4(b, a, n / 2);
}

u64 mix6(u64 a, u64 b, int n)
{
	u64 table[9];
	struct item *list = 0;
	for (int k = 0; k < 9; k++)
		table[k] = a * 15 + (b >> (k % 11)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 9] + a) % 5) {
		case 0: a += table[k % 9] * 103; break;
		case 1: b ^= a << 7; break;
		default: a = b - table[(k * 7) % 9];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix5(b, a, n / 2);
}

u64 mix7(u64 a, u64 b, int n)
{
	u64 table[10];
	struct item *list = 0;
	for (int k = 0; k < 10; k++)
		table[k] = a * 17 + (b >> (k % 5)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 10] + a) % 6) {
		case 0: a += table[k % 10] * 120; break;
		case 1: b ^= a << 8; break;
		default: a = b - table[(k * 8) % 10];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix6(b, a, n / 2);
}

u64 mix8(u64 a, u64 b, int n)
{
	u64 table[11];
	struct item *list = 0;
	for (int k = 0; k < 11; k++)
		table[k] = a * 19 + (b >> (k % 6)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 11] + a) % 3) {
		case 0: a += table[k % 11] * 137; break;
		case 1: b ^= a << 9; break;
		default: a = b - table[(k * 9) % 11];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix7(b, a, n / 2);
}

u64 mix9(u64 a, u64 b, int n)
{
	u64 table[12];
	struct item *list = 0;
	for (int k = 0; k < 12; k++)
		table[k] = a * 21 + (b >> (k % 7)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 12] + a) % 4) {
		case 0: a += table[k % 12] * 154; break;
		case 1: b ^= a << 10; break;
		default: a = b - table[(k * 10) % 12];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix8(b, a, n / 2);
}

u64 mix10(u64 a, u64 b, int n)
{
	u64 table[8];
	struct item *list = 0;
	for (int k = 0; k < 8; k++)
		table[k] = a * 23 + (b >> (k % 8)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 8] + a) % 5) {
		case 0: a += table[k % 8] * 171; break;
		case 1: b ^= a << 11; break;
		default: a = b - table[(k * 11) % 8];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix9(b, a, n / 2);
}

u64 mix11(u64 a, u64 b, int n)
{
	u64 table[9];
	struct item *list = 0;
	for (int k = 0; k < 9; k++)
		table[k] = a * 25 + (b >> (k % 9)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 9] + a) % 6) {
		case 0: a += table[k % 9] * 188; break;
		case 1: b ^= a << 1; break;
		default: a = b - table[(k * 12) % 9];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix10(b, a, n / 2);
}

u64 mix12(u64 a, u64 b, int n)
{
	u64 table[10];
	struct item *list = 0;
	for (int k = 0; k < 10; k++)
		table[k] = a * 27 + (b >> (k % 10)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 10] + a) % 3) {
		case 0: a += table[k % 10] * 205; break;
		case 1: b ^= a << 2; break;
		default: a = b - table[(k * 13) % 10];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix11(b, a, n / 2);
}

u64 mix13(u64 a, u64 b, int n)
{
	u64 table[11];
	struct item *list = 0;
	for (int k = 0; k < 11; k++)
		table[k] = a * 29 + (b >> (k % 11)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 11] + a) % 4) {
		case 0: a += table[k % 11] * 222; break;
		case 1: b ^= a << 3; break;
		default: a = b - table[(k * 14) % 11];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix12(b, a, n / 2);
}

u64 mix14(u64 a, u64 b, int n)
{
	u64 table[12];
	struct item *list = 0;
	for (int k = 0; k < 12; k++)
		table[k] = a * 31 + (b >> (k % 5)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 12] + a) % 5) {
		case 0: a += table[k % 12] * 239; break;
		case 1: b ^= a << 4; break;
		default: a = b - table[(k * 15) % 12];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix13(b, a, n / 2);
}

u64 mix15(u64 a, u64 b, int n)
{
	u64 table[8];
	struct item *list = 0;
	for (int k = 0; k < 8; k++)
		table[k] = a * 33 + (b >> (k % 6)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 8] + a) % 6) {
		case 0: a += table[k % 8] * 256; break;
		case 1: b ^= a << 5; break;
		default: a = b - table[(k * 16) % 8];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix14(b, a, n / 2);
}

u64 mix16(u64 a, u64 b, int n)
{
	u64 table[9];
	struct item *list = 0;
	for (int k = 0; k < 9; k++)
		table[k] = a * 35 + (b >> (k % 7)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 9] + a) % 3) {
		case 0: a += table[k % 9] * 273; break;
		case 1: b ^= a << 6; break;
		default: a = b - table[(k * 17) % 9];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix15(b, a, n / 2);
}

u64 mix17(u64 a, u64 b, int n)
{
	u64 table[10];
	struct item *list = 0;
	for (int k = 0; k < 10; k++)
		table[k] = a * 37 + (b >> (k % 8)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 10] + a) % 4) {
		case 0: a += table[k % 10] * 290; break;
		case 1: b ^= a << 7; break;
		default: a = b - table[(k * 18) % 10];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix16(b, a, n / 2);
}

u64 mix18(u64 a, u64 b, int n)
{
	u64 table[11];
	struct item *list = 0;
	for (int k = 0; k < 11; k++)
		table[k] = a * 39 + (b >> (k % 9)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 11] + a) % 5) {
		case 0: a += table[k % 11] * 307; break;
		case 1: b ^= a << 8; break;
		default: a = b - table[(k * 19) % 11];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix17(b, a, n / 2);
}

u64 mix19(u64 a, u64 b, int n)
{
	u64 table[12];
	struct item *list = 0;
	for (int k = 0; k < 12; k++)
		table[k] = a * 41 + (b >> (k % 10)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 12] + a) % 6) {
		case 0: a += table[k % 12] * 324; break;
		case 1: b ^= a << 9; break;
		default: a = b - table[(k * 20) % 12];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix18(b, a, n / 2);
}

u64 mix20(u64 a, u64 b, int n)
{
	u64 table[8];
	struct item *list = 0;
	for (int k = 0; k < 8; k++)
		table[k] = a * 43 + (b >> (k % 11)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 8] + a) % 3) {
		case 0: a += table[k % 8] * 341; break;
		case 1: b ^= a << 10; break;
		default: a = b - table[(k * 21) % 8];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix19(b, a, n / 2);
}

u64 mix21(u64 a, u64 b, int n)
{
	u64 table[9];
	struct item *list = 0;
	for (int k = 0; k < 9; k++)
		table[k] = a * 45 + (b >> (k % 5)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 9] + a) % 4) {
		case 0: a += table[k % 9] * 358; break;
		case 1: b ^= a << 11; break;
		default: a = b - table[(k * 22) % 9];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix20(b, a, n / 2);
}

u64 mix22(u64 a, u64 b, int n)
{
	u64 table[10];
	struct item *list = 0;
	for (int k = 0; k < 10; k++)
		table[k] = a * 47 + (b >> (k % 6)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 10] + a) % 5) {
		case 0: a += table[k % 10] * 375; break;
		case 1: b ^= a << 1; break;
		default: a = b - table[(k * 23) % 10];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix21(b, a, n / 2);
}

u64 mix23(u64 a, u64 b, int n)
{
	u64 table[11];
	struct item *list = 0;
	for (int k = 0; k < 11; k++)
		table[k] = a * 49 + (b >> (k % 7)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 11] + a) % 6) {
		case 0: a += table[k % 11] * 392; break;
		case 1: b ^= a << 2; break;
		default: a = b - table[(k * 24) % 11];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix22(b, a, n / 2);
}

u64 mix24(u64 a, u64 b, int n)
{
	u64 table[12];
	struct item *list = 0;
	for (int k = 0; k < 12; k++)
		table[k] = a * 51 + (b >> (k % 8)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 12] + a) % 3) {
		case 0: a += table[k % 12] * 409; break;
		case 1: b ^= a << 3; break;
		default: a = b - table[(k * 25) % 12];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix23(b, a, n / 2);
}

u64 mix25(u64 a, u64 b, int n)
{
	u64 table[8];
	struct item *list = 0;
	for (int k = 0; k < 8; k++)
		table[k] = a * 53 + (b >> (k % 9)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 8] + a) % 4) {
		case 0: a += table[k % 8] * 426; break;
		case 1: b ^= a << 4; break;
		default: a = b - table[(k * 26) % 8];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix24(b, a, n / 2);
}

u64 mix26(u64 a, u64 b, int n)
{
	u64 table[9];
	struct item *list = 0;
	for (int k = 0; k < 9; k++)
		table[k] = a * 55 + (b >> (k % 10)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 9] + a) % 5) {
		case 0: a += table[k % 9] * 443; break;
		case 1: b ^= a << 5; break;
		default: a = b - table[(k * 27) % 9];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix25(b, a, n / 2);
}

u64 mix27(u64 a, u64 b, int n)
{
	u64 table[10];
	struct item *list = 0;
	for (int k = 0; k < 10; k++)
		table[k] = a * 57 + (b >> (k % 11)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 10] + a) % 6) {
		case 0: a += table[k % 10] * 460; break;
		case 1: b ^= a << 6; break;
		default: a = b - table[(k * 28) % 10];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix26(b, a, n / 2);
}

u64 mix28(u64 a, u64 b, int n)
{
	u64 table[11];
	struct item *list = 0;
	for (int k = 0; k < 11; k++)
		table[k] = a * 59 + (b >> (k % 5)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 11] + a) % 3) {
		case 0: a += table[k % 11] * 477; break;
		case 1: b ^= a << 7; break;
		default: a = b - table[(k * 29) % 11];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix27(b, a, n / 2);
}

u64 mix29(u64 a, u64 b, int n)
{
	u64 table[12];
	struct item *list = 0;
	for (int k = 0; k < 12; k++)
		table[k] = a * 61 + (b >> (k % 6)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 12] + a) % 4) {
		case 0: a += table[k % 12] * 494; break;
		case 1: b ^= a << 8; break;
		default: a = b - table[(k * 30) % 12];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix28(b, a, n / 2);
}

u64 mix30(u64 a, u64 b, int n)
{
	u64 table[8];
	struct item *list = 0;
	for (int k = 0; k < 8; k++)
		table[k] = a * 63 + (b >> (k % 7)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 8] + a) % 5) {
		case 0: a += table[k % 8] * 511; break;
		case 1: b ^= a << 9; break;
		default: a = b - table[(k * 31) % 8];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix29(b, a, n / 2);
}

u64 mix31(u64 a, u64 b, int n)
{
	u64 table[9];
	struct item *list = 0;
	for (int k = 0; k < 9; k++)
		table[k] = a * 65 + (b >> (k % 8)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 9] + a) % 6) {
		case 0: a += table[k % 9] * 528; break;
		case 1: b ^= a << 10; break;
		default: a = b - table[(k * 32) % 9];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix30(b, a, n / 2);
}

u64 mix32(u64 a, u64 b, int n)
{
	u64 table[10];
	struct item *list = 0;
	for (int k = 0; k < 10; k++)
		table[k] = a * 67 + (b >> (k % 9)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 10] + a) % 3) {
		case 0: a += table[k % 10] * 545; break;
		case 1: b ^= a << 11; break;
		default: a = b - table[(k * 33) % 10];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix31(b, a, n / 2);
}

u64 mix33(u64 a, u64 b, int n)
{
	u64 table[11];
	struct item *list = 0;
	for (int k = 0; k < 11; k++)
		table[k] = a * 69 + (b >> (k % 10)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 11] + a) % 4) {
		case 0: a += table[k % 11] * 562; break;
		case 1: b ^= a << 1; break;
		default: a = b - table[(k * 34) % 11];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix32(b, a, n / 2);
}

u64 mix34(u64 a, u64 b, int n)
{
	u64 table[12];
	struct item *list = 0;
	for (int k = 0; k < 12; k++)
		table[k] = a * 71 + (b >> (k % 11)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 12] + a) % 5) {
		case 0: a += table[k % 12] * 579; break;
		case 1: b ^= a << 2; break;
		default: a = b - table[(k * 35) % 12];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix33(b, a, n / 2);
}

u64 mix35(u64 a, u64 b, int n)
{
	u64 table[8];
	struct item *list = 0;
	for (int k = 0; k < 8; k++)
		table[k] = a * 73 + (b >> (k % 5)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 8] + a) % 6) {
		case 0: a += table[k % 8] * 596; break;
		case 1: b ^= a << 3; break;
		default: a = b - table[(k * 36) % 8];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix34(b, a, n / 2);
}

u64 mix36(u64 a, u64 b, int n)
{
	u64 table[9];
	struct item *list = 0;
	for (int k = 0; k < 9; k++)
		table[k] = a * 75 + (b >> (k % 6)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 9] + a) % 3) {
		case 0: a += table[k % 9] * 613; break;
		case 1: b ^= a << 4; break;
		default: a = b - table[(k * 37) % 9];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix35(b, a, n / 2);
}

u64 mix37(u64 a, u64 b, int n)
{
	u64 table[10];
	struct item *list = 0;
	for (int k = 0; k < 10; k++)
		table[k] = a * 77 + (b >> (k % 7)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 10] + a) % 4) {
		case 0: a += table[k % 10] * 630; break;
		case 1: b ^= a << 5; break;
		default: a = b - table[(k * 38) % 10];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix36(b, a, n / 2);
}

u64 mix38(u64 a, u64 b, int n)
{
	u64 table[11];
	struct item *list = 0;
	for (int k = 0; k < 11; k++)
		table[k] = a * 79 + (b >> (k % 8)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 11] + a) % 5) {
		case 0: a += table[k % 11] * 647; break;
		case 1: b ^= a << 6; break;
		default: a = b - table[(k * 39) % 11];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix37(b, a, n / 2);
}

u64 mix39(u64 a, u64 b, int n)
{
	u64 table[12];
	struct item *list = 0;
	for (int k = 0; k < 12; k++)
		table[k] = a * 81 + (b >> (k % 9)) ^ k;
	for (int k = 0; k < n; k++) {
		switch ((table[k % 12] + a) % 6) {
		case 0: a += table[k % 12] * 664; break;
		case 1: b ^= a << 7; break;
		default: a = b - table[(k * 40) % 12];
		}
		if (a > b && list)
			a -= list->value;
	}
	return a ^ b ^ mix38(b, a, n / 2);
}
