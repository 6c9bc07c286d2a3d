// png_rgb.c: the part of PNG decoding that needs setjmp.

#include "png_rgb.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    const uint8_t *next;
    size_t remaining;
    char *reason;
    size_t reason_size;
} decoding;

static void on_error(png_structp png, png_const_charp message) {
    decoding *state = png_get_error_ptr(png);
    snprintf(state->reason, state->reason_size, "%s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void on_read(png_structp png, png_bytep bytes, size_t count) {
    decoding *state = png_get_io_ptr(png);
    if (count > state->remaining) {
        png_error(png, "the file ends early");
    }
    memcpy(bytes, state->next, count);
    state->next += count;
    state->remaining -= count;
}

// Skips what is not needed to see the pixels. Ancillary chunks may be compressed (iCCP, zTXt,
// iTXt) and grow a thousandfold when read; skipped ones only cost their CRC.
static void skip_ancillary_chunks(png_structp png) {
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, (png_const_bytep) "tRNS", 1);
}

static void convert_to_rgb8(png_structp png) {
    png_set_expand(png);
    png_set_strip_16(png);
    png_set_strip_alpha(png);
    png_set_gray_to_rgb(png);
}

// Everything here may longjmp, so it owns nothing and its caller frees all.
static void read_pixels(
    png_structp png, png_infop info, uint32_t width, uint32_t height, uint8_t *rgb) {
    png_read_info(png, info);
    if (png_get_image_width(png, info) != width || png_get_image_height(png, info) != height) {
        png_error(png, "a second header contradicts the first");
    }
    convert_to_rgb8(png);
    const int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    const size_t row_bytes = (size_t)width * 3;
    if (png_get_rowbytes(png, info) != row_bytes) {
        png_error(png, "an unforeseen pixel layout");
    }
    for (int pass = 0; pass < passes; pass++) {
        for (uint32_t row = 0; row < height; row++) {
            png_read_row(png, rgb + row * row_bytes, NULL);
        }
    }
    png_read_end(png, NULL);
}

int png_rgb_decode(
    const uint8_t *bytes, size_t byte_count, uint32_t width, uint32_t height,
    uint8_t *rgb, char *reason, size_t reason_size) {
    decoding state = {bytes, byte_count, reason, reason_size};
    snprintf(reason, reason_size, "out of memory");
    // Neither pointer changes after setjmp, so both keep their values over a longjmp.
    const png_structp png =
        png_create_read_struct(PNG_LIBPNG_VER_STRING, &state, on_error, on_warning);
    if (png == NULL) {
        return 1;
    }
    png_structp owned = png;
    png_infop info = png_create_info_struct(png);
    if (info == NULL) {
        png_destroy_read_struct(&owned, NULL, NULL);
        return 1;
    }
    const int failed = setjmp(png_jmpbuf(png));
    if (!failed) {
        png_set_read_fn(png, &state, on_read);
        png_set_user_limits(png, width, height);
        skip_ancillary_chunks(png);
        read_pixels(png, info, width, height, rgb);
    }
    png_destroy_read_struct(&owned, &info, NULL);
    return failed;
}
