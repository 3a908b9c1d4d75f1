// AVX-512 stores: masked, compressed, scattered, narrowed, broadcast-free, with faulting lanes masked off.
// cpu: avx512bw avx512vl avx512vbmi2
// cflags: -O1 -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vbmi2
#include "guest.h"
#include <immintrin.h>

static unsigned char m[1024] __attribute__((aligned(64)));
#define SHOW(name) (printf("%s %lx\n", name, hash(m, sizeof m)))

int main(void)
{
	__m512i v = _mm512_set_epi64(0x0706050403020100, 0x1716151413121110, 0x27, 0x37, 0x4747474747, 0x57, 0x67, 0x7776757473727170);
	__m512i idx = _mm512_set_epi32(15, 13, 11, 9, 7, 5, 3, 1, 14, 12, 10, 8, 6, 4, 2, 0);
	_mm512_mask_storeu_epi8(m + 3, 0x5a5a5a5a00ff00ff, v), SHOW("mask8");
	_mm512_mask_storeu_epi16(m + 101, 0x0f0f1234, v), SHOW("mask16");
	_mm512_mask_store_epi32(m + 192, 0x8421, v), SHOW("mask32");
	_mm512_mask_storeu_epi64(m + 300, 0x55, v), SHOW("mask64");
	_mm512_mask_compressstoreu_epi32(m + 400, 0xf0f1, v), SHOW("compress32");
	_mm512_mask_compressstoreu_epi8(m + 450, 0x1111222244448888, v), SHOW("compress8");
	_mm512_i32scatter_epi32(m + 512, idx, v, 4), SHOW("scatter32");
	_mm512_mask_i32scatter_epi32(m + 512, 0x1ff3, _mm512_slli_epi32(idx, 1), v, 2), SHOW("scatter overlapping");
	_mm512_mask_i64scatter_epi64(m + 700, 0x6d, _mm512_and_si512(v, _mm512_set1_epi64(15)), v, 8), SHOW("scatter64");
	_mm512_mask_cvtepi32_storeu_epi8(m + 900, 0x7ffe, v), SHOW("narrow");
	_mm512_stream_si512((void *)(m + 960), v), SHOW("stream");
	_mm256_mask_storeu_epi32(m + 5, 0x33, _mm512_castsi512_si256(v)), SHOW("ymm");
	_mm_mask_storeu_epi64(m + 9, 1, _mm512_castsi512_si128(v)), SHOW("xmm");
	_mm512_storeu_ps(m + 33, _mm512_cvtepi32_ps(v)), SHOW("floats");
	*(__mmask64 *)(m + 70) = _mm512_cmpgt_epi8_mask(v, _mm512_set1_epi8(5)), SHOW("kmov");
	_mm256_maskstore_epi32((int *)(m + 80), _mm256_set_epi32(-1, 0, -1, 0, 0, -1, -1, 0), _mm512_castsi512_si256(v)), SHOW("avx2 mask");
	unsigned char *p = (unsigned char *)pages(2);
	check(mprotect(p + PAGE, PAGE, PROT_NONE) == 0);
	_mm512_mask_storeu_epi8(p + PAGE - 10, 0x3ff, v); // the rest lies in the forbidden page
	printf("edge %lx\n", hash(p, PAGE));
	return 0;
}
