// Libraries come and go a hundred times; their code and data are fresh each time.
// cflags: -ldl
#include "guest.h"
#include <dlfcn.h>

int main(void)
{
	static const char *libs[] = {"libm.so.6", "libpthread.so.0", "libutil.so.1", "librt.so.1", "libresolv.so.2", "libanl.so.1"};
	double sum = 0;
	for (int i = 0; i < 100; i++) {
		void *h[6];
		for (int j = 0; j < 6; j++)
			check((h[j] = dlopen(libs[j], i & 1 ? RTLD_NOW : RTLD_LAZY)));
		double (*cosine)(double) = (double (*)(double))dlsym(h[0], "cos");
		double (*pw)(double, double) = (double (*)(double, double))dlsym(h[0], "pow");
		double (*gam)(double) = (double (*)(double))dlsym(h[0], "lgamma"); // writes signgam
		check(cosine && pw && gam);
		sum += cosine(i) + pw(1.01, i) + gam(i + 0.5);
		for (int j = 0; j < 6; j++)
			check(dlclose(h[(j + i) % 6]) == 0);
	}
	check(!dlopen("/nonexistent.so", RTLD_NOW));
	puts(dlerror());
	printf("%.9f\n", sum);
	return 0;
}
