/* Stands in for a DLL that Windows 10 has and Wine 8 lacks: Rust's standard library takes its random numbers
 * from it. For Wine only. */
#include <windows.h>

/* RtlGenRandom, by the name that it is exported as. */
BOOLEAN NTAPI SystemFunction036(void* bytes, ULONG count);

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE* bytes, SIZE_T count) {
    const SIZE_T most = 1 << 30;
    for (; count > most; bytes += most, count -= most) {
        if (!SystemFunction036(bytes, (ULONG)most)) {
            return FALSE;
        }
    }
    return SystemFunction036(bytes, (ULONG)count) ? TRUE : FALSE;
}
