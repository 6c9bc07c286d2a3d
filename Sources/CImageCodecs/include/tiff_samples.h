// tiff_samples.h: libtiff behind calls that Swift can make.
//
// libtiff's functions for fields and messages have variable arguments, which Swift cannot pass.
// Without the package trait MoreImageFormats nothing here is defined.

#ifndef TIFF_SAMPLES_H
#define TIFF_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

typedef struct tiff_samples tiff_samples;

// The fields of the first image, with libtiff's defaults where the file omits them.
typedef struct {
    uint32_t width, height;
    uint16_t bits_per_sample, samples_per_pixel;
    uint16_t photometric, sample_format, compression, orientation;
    uint16_t extra_sample;   // the kind of the first extra sample; 0 without one
    int has_planes;          // whether each sample of a pixel has its own blocks
    uint32_t block_width, block_height;  // of a tile or, the whole width, a strip
    size_t block_size, row_size;         // decoded, in bytes
    uint32_t block_count;
} tiff_layout;

// Opens a file in memory, which must outlive the reader; NULL on failure.
//
//   largest          the largest block of memory that libtiff may allocate, in bytes
//   reason           receives libtiff's message on failure, always terminated
tiff_samples *tiff_samples_open(
    const uint8_t *bytes, size_t count, size_t largest, char *reason, size_t reason_size);

// Reads the layout; returns 0 on success. JPEG coded in YCbCr is presented as RGB.
int tiff_samples_layout(tiff_samples *file, tiff_layout *layout);

// Copies 3 * 2^bits_per_sample values of 16 bits: all reds, all greens, all blues; returns 0 on
// success.
int tiff_samples_palette(tiff_samples *file, const tiff_layout *layout, uint16_t *palette);

// Decodes a block of layout.block_size bytes, samples of 16 bits in the order of this machine;
// returns 0 on success. A strip at the lower edge fills only a part.
int tiff_samples_read(tiff_samples *file, const tiff_layout *layout, uint32_t index, void *block);

// The message of the last failure.
const char *tiff_samples_reason(const tiff_samples *file);

// Whether libtiff asked for bytes beyond the end of the file.
int tiff_samples_passed_end(const tiff_samples *file);

void tiff_samples_close(tiff_samples *file);

#endif
