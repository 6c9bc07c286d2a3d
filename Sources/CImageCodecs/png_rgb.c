// png_rgb.c: the parts of decoding and encoding PNG that need setjmp.

#include "png_rgb.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *text;
    size_t size;
} message_room;

typedef struct {
    const uint8_t *next;
    size_t remaining;
} unread_bytes;

// The number after the last pass of Adam7, which are 0 to 6.
#define END_PASS 7
// The bytes of IEND, the last chunk.
#define END_CHUNK_SIZE 12

// What a longjmp must not lose, so it belongs to the caller of setjmp's function.
typedef struct {
    message_room message;
    unread_bytes unread;
    int has_all_rows;
} decoding;

static void on_error(png_structp png, png_const_charp message) {
    const message_room *reason = png_get_error_ptr(png);
    snprintf(reason->text, reason->size, "%s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void on_read(png_structp png, png_bytep bytes, size_t count) {
    unread_bytes *state = png_get_io_ptr(png);
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

static void clip_row(png_structp png, png_row_infop row, png_bytep samples) {
    (void)png;
    const size_t count = (size_t)row->width * row->channels;
    for (size_t index = 0; index < count; index++) {
        samples[index] = samples[2 * index] > 0 ? 255 : samples[2 * index + 1];
    }
}

static void convert_to_8_bits(png_structp png, png_infop info, png_rgb_gray16 gray16) {
    const int is_gray16 = png_get_bit_depth(png, info) == 16 &&
                          png_get_color_type(png, info) == PNG_COLOR_TYPE_GRAY;
    if (!is_gray16 || gray16 == PNG_RGB_GRAY16_HIGH_BYTE) {
        png_set_strip_16(png);
    } else if (gray16 == PNG_RGB_GRAY16_ROUNDED) {
        png_set_scale_16(png);
    } else {
        // Called after the other conversions, so for samples of RGB.
        png_set_read_user_transform_fn(png, clip_row);
        png_set_user_transform_info(png, NULL, 8, 3);
    }
}

static void convert_to_rgb8(png_structp png, png_infop info, png_rgb_gray16 gray16) {
    png_set_expand(png);
    convert_to_8_bits(png, info, gray16);
    png_set_strip_alpha(png);
    png_set_gray_to_rgb(png);
}

// Everything here may longjmp, so it owns nothing and its caller frees all.
static void read_pixels(
    png_structp png, png_infop info, uint32_t width, uint32_t height, png_rgb_gray16 gray16,
    uint8_t *rgb) {
    png_read_info(png, info);
    if (png_get_image_width(png, info) != width || png_get_image_height(png, info) != height) {
        png_error(png, "a second header contradicts the first");
    }
    convert_to_rgb8(png, info, gray16);
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

static int decode(
    decoding *state, uint32_t width, uint32_t height, png_rgb_gray16 gray16, uint8_t *rgb) {
    // Neither pointer changes after setjmp, so both keep their values over a longjmp.
    const png_structp png =
        png_create_read_struct(PNG_LIBPNG_VER_STRING, &state->message, on_error, on_warning);
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
        png_set_read_fn(png, &state->unread, on_read);
        png_set_user_limits(png, width, height);
        skip_ancillary_chunks(png);
        read_pixels(png, info, width, height, gray16, rgb);
    } else {
        // libpng passes the last row before it looks for the end of the image data.
        state->has_all_rows = png_get_interlace_type(png, info) == PNG_INTERLACE_NONE
                                  ? png_get_current_row_number(png) >= height
                                  : png_get_current_pass_number(png) >= END_PASS;
    }
    png_destroy_read_struct(&owned, &info, NULL);
    return failed;
}

png_rgb_result png_rgb_decode(
    const uint8_t *bytes, size_t byte_count, uint32_t width, uint32_t height,
    png_rgb_gray16 gray16, uint8_t *rgb, char *reason, size_t reason_size) {
    decoding state = {{reason, reason_size}, {bytes, byte_count}, 0};
    snprintf(reason, reason_size, "out of memory");
    if (!decode(&state, width, height, gray16, rgb)) {
        return PNG_RGB_COMPLETE;
    }
    // libpng looks for more image data in the next chunk, which is the last one.
    if (state.unread.remaining >= END_CHUNK_SIZE) {
        return PNG_RGB_FAILED;
    }
    return state.has_all_rows ? PNG_RGB_LACKS_END : PNG_RGB_LACKS_ROWS;
}

static void on_write(png_structp png, png_bytep bytes, size_t count) {
    png_rgb_file *file = png_get_io_ptr(png);
    // libpng hands over whole chunks' parts, of 8 KiB at most: growing by each costs little.
    uint8_t *grown = realloc(file->bytes, file->count + count);
    if (grown == NULL) {
        png_error(png, "out of memory");
    }
    memcpy(grown + file->count, bytes, count);
    file->bytes = grown;
    file->count += count;
}

static void on_flush(png_structp png) { (void)png; }

// Everything here may longjmp, so it owns nothing and its caller frees all.
static void write_pixels(
    png_structp png, png_infop info, const uint8_t *rgb, uint32_t width, uint32_t height) {
    png_set_IHDR(
        png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
        PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (uint32_t row = 0; row < height; row++) {
        png_write_row(png, rgb + (size_t)row * width * 3);
    }
    png_write_end(png, NULL);
}

int png_rgb_encode(
    const uint8_t *rgb, uint32_t width, uint32_t height, png_rgb_file *file,
    char *reason, size_t reason_size) {
    message_room message = {reason, reason_size};
    *file = (png_rgb_file){NULL, 0};
    snprintf(reason, reason_size, "out of memory");
    // As in png_rgb_decode, no variable changes after setjmp; the file is the caller's.
    const png_structp png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, &message, on_error, on_warning);
    if (png == NULL) {
        return 1;
    }
    png_structp owned = png;
    png_infop info = png_create_info_struct(png);
    if (info == NULL) {
        png_destroy_write_struct(&owned, NULL);
        return 1;
    }
    const int failed = setjmp(png_jmpbuf(png));
    if (!failed) {
        png_set_write_fn(png, file, on_write, on_flush);
        write_pixels(png, info, rgb, width, height);
    }
    png_destroy_write_struct(&owned, &info);
    return failed;
}
