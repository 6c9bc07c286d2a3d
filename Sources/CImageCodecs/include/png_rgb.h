// png_rgb.h: libpng behind calls that Swift can make.
//
// libpng reports errors by longjmp, which must not cross Swift frames; here it stays inside C.

#ifndef PNG_RGB_H
#define PNG_RGB_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    PNG_RGB_COMPLETE,
    // All pixels are there, but the image data end without their own end.
    PNG_RGB_LACKS_END,
    // The image data end early; pixels after their end are unchanged.
    PNG_RGB_LACKS_ROWS,
    PNG_RGB_FAILED,
} png_rgb_result;

// How a value v of 16-bit gray without alpha becomes one of 8 bits.
typedef enum {
    PNG_RGB_GRAY16_HIGH_BYTE,  // v / 256
    PNG_RGB_GRAY16_ROUNDED,    // 255 * v / 65535, to nearest
    PNG_RGB_GRAY16_CLIPPED,    // min(v, 255)
} png_rgb_gray16;

// Decodes a PNG file to 8-bit RGB, row-major, without padding.
//
// Alpha and transparency are dropped, not blended; of other 16-bit samples the high byte is kept;
// grays are repeated; colors are not managed (gAMA, iCCP and the like are skipped unread).
//
//   png, png_size    the whole file
//   width, height    as its IHDR declares them; anything else is an error
//   gray16           how 16-bit gray is converted
//   rgb              receives width * height * 3 bytes; partly written on failure
//   reason           receives libpng's message unless complete, always terminated
//
// Prints nothing.
png_rgb_result png_rgb_decode(
    const uint8_t *png, size_t png_size, uint32_t width, uint32_t height, png_rgb_gray16 gray16,
    uint8_t *rgb, char *reason, size_t reason_size);

// A PNG file in memory.
typedef struct {
    uint8_t *bytes;  // to be freed by free(), also after a failure; NULL if there are none
    size_t count;
} png_rgb_file;

// Encodes 8-bit RGB, row-major, without padding, as a PNG file without ancillary chunks.
//
//   rgb              width * height * 3 bytes
//   width, height    at least 1
//   file             receives the whole file
//   reason           receives libpng's message on failure, always terminated
//
// Returns 0 on success. Prints nothing. The file's bytes, unlike its pixels, depend on zlib.
int png_rgb_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, png_rgb_file *file,
    char *reason, size_t reason_size);

#endif
