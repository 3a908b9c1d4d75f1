// AES, carry-less multiply, SHA, CRC32, ADX and BMI instructions compute what they should.
// cpu: aes pclmulqdq sha_ni adx bmi2 sse4_2
// cflags: -O2 -maes -mpclmul -msha -madx -mbmi2 -mbmi -msse4.2 -mlzcnt
#include "guest.h"
#include <immintrin.h>

int main(void)
{
	__m128i v = _mm_set_epi64x(0x0123456789abcdef, 0x1122334455667788), k = _mm_set1_epi32(0x5a5a1234), out[8];
	for (int i = 0; i < 100; i++) {
		v = _mm_aesenc_si128(v, k), k = _mm_aesdec_si128(k, v);
		v = _mm_xor_si128(v, _mm_clmulepi64_si128(v, k, 0x10));
		out[i % 8] = v;
	}
	printf("%lx ", hash(out, sizeof out));
	for (int i = 0; i < 50; i++) {
		v = _mm_sha256rnds2_epu32(v, k, out[0]);
		out[i % 8] = _mm_sha1rnds4_epu32(v, k, 2), k = _mm_shuffle_epi8(k, out[i % 8]);
	}
	printf("%lx ", hash(out, sizeof out));
	unsigned long long crc = 0, s = 0;
	unsigned char carry = 0;
	for (unsigned long i = 0; i < 1000; i++) {
		crc = _mm_crc32_u64(crc, i);
		carry = _addcarryx_u64(carry, s, i << 54, &s);
		s = _pdep_u64(s, 0xff00ff00ff00ff00) ^ _pext_u64(crc, i * 77) ^ _andn_u64(i, s) ^ _lzcnt_u64(i | 1) ^ _tzcnt_u64(s | 4);
	}
	printf("%llx %llx %d\n", crc, s, carry);
	return 0;
}
