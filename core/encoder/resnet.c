/*
 * resnet.c - residual nets of basic blocks, as torchvision's ResNet-18:
 *
 *     stem    small: 3 x 3; otherwise 7 x 7 by 2, then a maximum of 3 x 3 by 2
 *     stages  blocks of two 3 x 3 and what they read added; the first of each
 *             stage but the first halves the map and doubles the width, and
 *             what is added goes through 1 x 1 by 2
 *     mean    over the map
 */
#include "../encoder.h"

/* What is added is six activations back, or in a stage's first block what a
 * convolution makes of it. */
static void print_block(struct lat_buf *out, size_t width, bool halves)
{
    lat_buf_printf(out, ", conv2d %zu k3%s p1, batchnorm, relu", width,
                   halves ? " s2" : "");
    lat_buf_printf(out, ", conv2d %zu k3 p1, batchnorm", width);
    if (halves)
        lat_buf_printf(
            out, ", conv2d %zu k1 s2 from6, batchnorm, add with3, relu", width);
    else
        lat_buf_puts(out, ", add with6, relu");
}

void lat__resnet_print(struct lat_buf *out, const struct lat__resnet *r)
{
    size_t width = r->width;

    if (r->small)
        lat_buf_printf(out, "conv2d %zu k3 p%zu, batchnorm, relu", width,
                       r->stem_pad);
    else
        lat_buf_printf(out,
                       "conv2d %zu k7 s2 p3, batchnorm, relu, maxpool k3 s2 p1",
                       width);
    for (size_t s = 0; s < LAT_RESNET_STAGES && r->blocks[s]; s++) {
        for (size_t b = 0; b < r->blocks[s]; b++)
            print_block(out, width, s > 0 && b == 0);
        width *= 2;
    }
    lat_buf_puts(out, ", avgpool");
}
