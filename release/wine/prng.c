/* bcryptprimitives.dll for Wine before version 9, which lacks it. Go gets random bytes from this library. */
__declspec(dllimport) unsigned char __stdcall SystemFunction036(void *, unsigned long);

__declspec(dllexport) int __stdcall ProcessPrng(unsigned char *p, unsigned long long n)
{
	while (n > 0) {
		unsigned long part = n < 1 << 20 ? (unsigned long)n : 1 << 20;
		if (!SystemFunction036(p, part))
			return 0;
		p += part;
		n -= part;
	}
	return 1;
}
