// tiff_samples.c: the parts of decoding TIFF that need variable arguments.

#include "tiff_samples.h"

#ifdef MORE_IMAGE_FORMATS

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

struct tiff_samples {
    TIFF *tiff;
    const uint8_t *bytes;
    size_t count;
    size_t offset;
    int passed_end;
    char reason[200];
};

static int on_error(
    TIFF *tiff, void *context, const char *module, const char *format, va_list arguments) {
    (void)tiff;
    (void)module;
    tiff_samples *file = context;
    // The first message names the cause, later ones its consequences.
    if (file->reason[0] == '\0') {
        vsnprintf(file->reason, sizeof file->reason, format, arguments);
    }
    return 1;
}

static int on_warning(
    TIFF *tiff, void *context, const char *module, const char *format, va_list arguments) {
    (void)tiff;
    (void)context;
    (void)module;
    (void)format;
    (void)arguments;
    return 1;
}

static tmsize_t on_read(thandle_t handle, void *target, tmsize_t size) {
    tiff_samples *file = handle;
    const size_t left = file->offset < file->count ? file->count - file->offset : 0;
    const size_t wanted = size > 0 ? (size_t)size : 0;
    const size_t count = wanted < left ? wanted : left;
    if (count < wanted) {
        file->passed_end = 1;
    }
    memcpy(target, file->bytes + (count > 0 ? file->offset : 0), count);
    file->offset += count;
    return (tmsize_t)count;
}

static tmsize_t on_write(thandle_t handle, void *source, tmsize_t size) {
    (void)handle;
    (void)source;
    (void)size;
    return 0;
}

static toff_t on_seek(thandle_t handle, toff_t offset, int whence) {
    tiff_samples *file = handle;
    const toff_t base =
        whence == SEEK_CUR ? file->offset : whence == SEEK_END ? file->count : 0;
    file->offset = (size_t)(base + offset);
    return (toff_t)file->offset;
}

static int on_close(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t on_size(thandle_t handle) { return ((const tiff_samples *)handle)->count; }

static TIFF *opened(tiff_samples *file, size_t largest) {
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (options == NULL) {
        return NULL;
    }
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)largest);
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, file);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, file);
    // m: the file is not mapped.
    TIFF *tiff = TIFFClientOpenExt(
        "image", "rm", file, on_read, on_write, on_seek, on_close, on_size, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return tiff;
}

tiff_samples *tiff_samples_open(
    const uint8_t *bytes, size_t count, size_t largest, char *reason, size_t reason_size) {
    snprintf(reason, reason_size, "out of memory");
    tiff_samples *file = calloc(1, sizeof *file);
    if (file == NULL) {
        return NULL;
    }
    file->bytes = bytes;
    file->count = count;
    file->tiff = opened(file, largest);
    if (file->tiff == NULL) {
        snprintf(reason, reason_size, "%s", file->reason[0] ? file->reason : "it has no image");
        free(file);
        return NULL;
    }
    return file;
}

static void read_color_fields(TIFF *tiff, tiff_layout *layout) {
    uint16_t count = 0;
    const uint16_t *kinds = NULL;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &layout->bits_per_sample);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &layout->samples_per_pixel);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &layout->sample_format);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &layout->compression);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &layout->orientation);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds);
    layout->extra_sample = count > 0 && kinds != NULL ? kinds[0] : 0;
    if (layout->compression == COMPRESSION_JPEG && layout->photometric == PHOTOMETRIC_YCBCR) {
        TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        layout->photometric = PHOTOMETRIC_RGB;
    }
}

static void read_blocks(TIFF *tiff, tiff_layout *layout) {
    uint16_t planes = PLANARCONFIG_CONTIG;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planes);
    layout->has_planes = planes == PLANARCONFIG_SEPARATE && layout->samples_per_pixel > 1;
    if (TIFFIsTiled(tiff)) {
        TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &layout->block_width);
        TIFFGetField(tiff, TIFFTAG_TILELENGTH, &layout->block_height);
        layout->block_size = (size_t)TIFFTileSize(tiff);
        layout->row_size = (size_t)TIFFTileRowSize(tiff);
        layout->block_count = TIFFNumberOfTiles(tiff);
        return;
    }
    uint32_t rows = layout->height;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &rows);
    layout->block_width = layout->width;
    layout->block_height = rows < layout->height ? rows : layout->height;
    layout->block_size = (size_t)TIFFStripSize(tiff);
    layout->row_size = (size_t)TIFFScanlineSize(tiff);
    layout->block_count = TIFFNumberOfStrips(tiff);
}

int tiff_samples_layout(tiff_samples *file, tiff_layout *layout) {
    memset(layout, 0, sizeof *layout);
    file->reason[0] = '\0';
    if (!TIFFGetField(file->tiff, TIFFTAG_IMAGEWIDTH, &layout->width) ||
        !TIFFGetField(file->tiff, TIFFTAG_IMAGELENGTH, &layout->height) ||
        !TIFFGetField(file->tiff, TIFFTAG_PHOTOMETRIC, &layout->photometric)) {
        snprintf(file->reason, sizeof file->reason, "its size or color is missing");
        return 1;
    }
    read_color_fields(file->tiff, layout);
    read_blocks(file->tiff, layout);
    return 0;
}

int tiff_samples_palette(tiff_samples *file, const tiff_layout *layout, uint16_t *palette) {
    const uint16_t *colors[3] = {NULL, NULL, NULL};
    file->reason[0] = '\0';
    if (!TIFFGetField(file->tiff, TIFFTAG_COLORMAP, &colors[0], &colors[1], &colors[2])) {
        snprintf(file->reason, sizeof file->reason, "its palette is missing");
        return 1;
    }
    const size_t count = (size_t)1 << layout->bits_per_sample;
    for (int channel = 0; channel < 3; channel++) {
        memcpy(palette + channel * count, colors[channel], count * sizeof *palette);
    }
    return 0;
}

int tiff_samples_read(tiff_samples *file, const tiff_layout *layout, uint32_t index, void *block) {
    file->reason[0] = '\0';
    const tmsize_t size = (tmsize_t)layout->block_size;
    const tmsize_t count = TIFFIsTiled(file->tiff)
                               ? TIFFReadEncodedTile(file->tiff, index, block, size)
                               : TIFFReadEncodedStrip(file->tiff, index, block, size);
    return count < 0;
}

const char *tiff_samples_reason(const tiff_samples *file) { return file->reason; }

int tiff_samples_passed_end(const tiff_samples *file) { return file->passed_end; }

void tiff_samples_close(tiff_samples *file) {
    TIFFClose(file->tiff);
    free(file);
}

#endif
