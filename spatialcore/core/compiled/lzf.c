/* Decompression of LZF (Marc Lehmann's LibLZF), the format of h5py's compression="lzf".
 *
 * A control byte below 32 is followed by as many bytes and one more. Any other has a length in its upper three bits (7:
 * the next byte is added) and, with the next byte, a distance to earlier output: length + 2 bytes are repeated from
 * there. Numbers repeat at a distance of their size, so that repeated bytes are copied by fours or eights, beyond their
 * end too where there is room. Three bytes, as of most column numbers, are copied one by one: four would wait until the
 * byte before them is stored. Returns the number of bytes written, or -1 if the input is damaged.
 */
#include <stdint.h>
#include <string.h>

#define REPEAT(STEP)                                 \
    for (int64_t at = 0; at < length; at += (STEP)) \
        memcpy(to + at, from + at, (STEP));

int64_t lzf_decompress(const uint8_t *in, int64_t n_in, uint8_t *out, int64_t n_out)
{
    const uint8_t *const in_end = in + n_in;
    uint8_t *to = out, *const out_end = out + n_out;
    while (in < in_end) {
        const int64_t control = *in++;
        if (control < 32) {
            const int64_t length = control + 1;
            if (length > in_end - in || length > out_end - to)
                return -1;
            for (int64_t at = 0; at < length; ++at)
                to[at] = in[at];
            in += length;
            to += length;
            continue;
        }
        int64_t length = (control >> 5) + 2;
        if (length == 9 && in < in_end)
            length += *in++;
        if (in == in_end)
            return -1;
        const int64_t distance = ((control & 31) << 8) + *in++ + 1;
        if (distance > to - out || length > out_end - to)
            return -1;
        const uint8_t *const from = to - distance;
        const int64_t room = out_end - to - length;
        if (length == 3) {
            to[0] = from[0];
            to[1] = from[1];
            to[2] = from[2];
        } else if (distance >= 8 && room >= 8) {
            REPEAT(8)
        } else if (distance >= 4 && room >= 4) {
            REPEAT(4)
        } else {
            REPEAT(1)
        }
        to += length;
    }
    return to - out;
}
