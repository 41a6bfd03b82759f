#include "CIntrinsics.h"

#if defined(__x86_64__)

#include <emmintrin.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <wmmintrin.h>

#define CARRYLESS __attribute__((target("pclmul")))

/// Bytes of a step: four words of 128 bits, which do not wait for each other.
static const size_t step_bytes = 64;

/// What lies some distance before `next`, multiplied by x to that distance: a polynomial with the same remainder, at its place.
///
/// Bits are reflected, so the lower half of a word stands before the upper one, by 64 bits.
CARRYLESS static __m128i moved(__m128i word, __m128i powers, __m128i next) {
    __m128i lower = _mm_clmulepi64_si128(word, powers, 0x00);
    __m128i upper = _mm_clmulepi64_si128(word, powers, 0x11);
    return _mm_xor_si128(_mm_xor_si128(lower, upper), next);
}

CARRYLESS static __m128i load(const unsigned char *bytes) {
    return _mm_loadu_si128((const __m128i *)bytes);
}

CARRYLESS static size_t fold(const unsigned char *bytes, size_t count, uint64_t *rest) {
    // x to 127 and 191, and to 511 and 575, modulo the polynomial 0xad93d23594c935a9 and reflected. One less than the distance in
    // bits, since a product of two reflected words of 64 bits has 127 bits and not 128.
    const __m128i by_word = _mm_set_epi64x(0x381d0015c96f4444, (long long)0xd9d7be7d505da32c);
    const __m128i by_step = _mm_set_epi64x((long long)0xf49784a634f014e4, (long long)0xaf86efb16d9ab4fb);
    __m128i words[4];
    for (int lane = 0; lane < 4; lane++) {
        words[lane] = load(bytes + 16 * lane);
    }
    size_t done = step_bytes;
    for (; count - done >= step_bytes; done += step_bytes) {
        for (int lane = 0; lane < 4; lane++) {
            words[lane] = moved(words[lane], by_step, load(bytes + done + 16 * lane));
        }
    }
    __m128i word = words[0];
    for (int lane = 1; lane < 4; lane++) {
        word = moved(word, by_word, words[lane]);
    }
    for (; count - done >= 16; done += 16) {
        word = moved(word, by_word, load(bytes + done));
    }
    _mm_storeu_si128((__m128i *)rest, word);
    return done;
}

static bool is_able(void) {
    // 0 before it was asked. Whoever asks at the same time learns the same.
    static atomic_int answer;
    int known = atomic_load_explicit(&answer, memory_order_relaxed);
    if (known == 0) {
        __builtin_cpu_init();
        known = __builtin_cpu_supports("pclmul") ? 1 : -1;
        atomic_store_explicit(&answer, known, memory_order_relaxed);
    }
    return known > 0;
}

size_t crc64_fold(const void *bytes, size_t count, uint64_t *rest) {
    return count >= step_bytes && is_able() ? fold(bytes, count, rest) : 0;
}

#else

size_t crc64_fold(const void *bytes, size_t count, uint64_t *rest) {
    (void)bytes, (void)count, (void)rest;
    return 0;
}

#endif
