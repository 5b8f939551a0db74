/*
 * model_cases.h - hostile model files, each with the message expected.
 *
 * Each is the small model with one thing respelled: in its card, in its
 * header, or in the bytes around them.  Shared by the test of the reader and
 * by the fuzzer's seeds.
 */
#ifndef TESTS_MODEL_CASES_H
#define TESTS_MODEL_CASES_H

#include "models.h"

enum where { CARD, HEADER };

struct model_case {
    enum where where;
    const char *from, *to, *want;
};

static const struct model_case model_cases[] = {
    /* the card */
    {CARD, "\"modality\":\"signal\"", "\"modality\":\"smell\"",
     "card: modality is \"smell\", must be signal"},
    {CARD, "\"center\":true", "\"center\":true,\"wavelet\":3",
     "card: preprocessing: unknown field \"wavelet\""},
    {CARD, "\"scale\":\"std\"", "\"scale\":\"magic\"",
     "card: preprocessing: scale: \"magic\" is unknown"},
    {CARD, "\"ends\":\"odd\"", "\"ends\":7", "ends: \"\" is unknown"},
    {CARD, "\"center\":true", "\"center\":1", "center is not true or false"},
    {CARD, "\"high_hz\":40", "\"high_hz\":400", "card: preprocessing: "},
    {CARD, "\"order\":2", "\"order\":9", "order is not a whole number from 1"},
    {CARD, "\"order\":2", "\"order\":8", "card: preprocessing: "},
    {CARD, "\"floor\":0.05", "\"floor\":-1", "floor is not a number from 0"},
    {CARD, "[0,4]", "[0,5]", "card: latent: partitions: variant overlaps"},
    {CARD, "[0,4]", "[0,99]", "partitions: invariant: is not [begin, end]"},
    {CARD, "[0,4]", "[4,0]", "partitions: invariant: is not [begin, end]"},
    {CARD, "[0,4]", "[-1,4]", "partitions: invariant: is not [begin, end]"},
    {CARD, "\"free\":", "\"loose\":", "unknown field \"loose\""},
    {CARD, "\"dimensions\":8", "\"dimensions\":9",
     "latent: 9 dimensions, the encoder gives 8"},
    {CARD, "\"dimensions\":8", "\"dimensions\":8.0",
     "dimensions is not a whole number"},
    {CARD, "\"unit\":\"mV\"", "\"unit\":\"furlong\"",
     "card: input: unit furlong is not known"},
    {CARD, "\"unit\":\"mV\"", "\"unit\":\"\"", "unit is not a text of 1 to"},
    {CARD, "\"unit\":\"mV\"", "\"unit\":[\"mV\"]", "1 units for 1 channels"},
    {CARD, "\"sampling_rate_hz\":360", "\"sampling_rate_hz\":0",
     "sampling_rate_hz is missing or 0"},
    {CARD, "\"sampling_rate_hz\":360", "\"sampling_rate_hz\":1e999",
     "card: byte"},
    {CARD, "\"window_samples\":40", "\"window_samples\":-40",
     "window_samples is not a whole number"},
    {CARD, "\"window_samples\":40", "\"window_samples\":44",
     "card: task: gives 40 samples of 1 channels, the input has 44 of 1"},
    {CARD, "[\"MLII\",\"V5\",\"V1\"]", "[]", "channels is not a list of 1 to"},
    {CARD, "[\"MLII\",\"V5\",\"V1\"]", "[\"V5\",\"V5\"]",
     "channels[1] is \"V5\" again"},
    {CARD, "[\"MLII\",\"V5\",\"V1\"]", "[\"\"]", "channels[0] is not a name"},
    {CARD, "\"kind\":\"maxpool\"", "\"kind\":\"magicpool\"",
     "card: architecture: encoder[6]: unknown kind \"magicpool\""},
    {CARD, "\"kind\":\"maxpool\"", "\"kind\":\"maxpool\",\"out\":4",
     "card: architecture: encoder[6] maxpool: has no out"},
    {CARD, "\"kind\":\"maxpool\"", "\"kind\":\"maxpool\",\"turbo\":4",
     "encoder[6]: unknown field \"turbo\""},
    {CARD, "\"out\":6", "\"out\":-6", "out is not a whole number from 1"},
    {CARD, "\"out\":6", "\"out\":999999999", "out is not a whole number"},
    {CARD, "\"out\":6", "\"out\":7",
     "tensor encoder.3.weight: shape is (6, 4, 3), the architecture wants "
     "(7, 4, 3)"},
    {CARD, "{\"kind\":\"reconstruction\"}", "null",
     "card: task: is null, yet it has layers"},
    {CARD, "{\"kind\":\"reconstruction\"}", "{\"kind\":\"prophecy\"}",
     "kind is \"prophecy\", must be reconstruction or classes"},
    {CARD, "{\"kind\":\"reconstruction\"}", "{\"kind\":\"classes\"}",
     "labels is not a list of 2 to 64"},
    {CARD, "{\"kind\":\"reconstruction\"}",
     "{\"kind\":\"classes\",\"labels\":[\"a\",\"b\"]}",
     "card: task: 2 labels, 40 outputs"},
    {CARD, "\"gate\":null", "\"gate\":{}", "gate: signals have none"},
    {CARD, "\"version\":2", "\"version\":0", "version is not a whole number"},
    {CARD, "\"name\":\"small\"", "\"name\":\"../etc\"", "card: name is not"},
    {CARD, "\"name\":\"small\"", "\"name\":\"a\",\"name\":\"b\"",
     "duplicate object key"},
    {CARD, "\"name\":\"small\"", "\"surname\":\"small\"",
     "card: unknown field \"surname\""},
    {CARD, "{", "[", "card: byte"},
    {CARD, "\"latent\":{", "\"latent\":[{", "card: byte"},
    /* the header */
    {HEADER, "\"encoder.0.bias\"", "\"encoder.0.bios\"",
     "tensor encoder.0.bias: is missing"},
    {HEADER, "\"encoder.1.running_var\"", "\"encoder.1.bias\"",
     "duplicate object key"},
    {HEADER, "\"encoder.0.bias\"", "\"encoder 0\\nbias\"",
     "a tensor's name is not 1 to 127 letters"},
    {HEADER, "[0,16]", "[0,24]", "tensor encoder.0.bias: has 24 bytes"},
    {HEADER, "[0,16]", "[-16,0]", "tensor encoder.0.bias: data_offsets are"},
    {HEADER, "[0,16]", "[16,0]", "tensor encoder.0.bias: data_offsets are"},
    {HEADER, "[0,16]", "[0.0,16.0]", "tensor encoder.0.bias: data_offsets"},
    {HEADER, "[0,16]", "[16,32]", "begins at byte 16, a hole behind byte 0"},
    {HEADER, "[0,16]", "[4611686018427387904,4611686018427387920]",
     "tensor encoder.0.bias: ends at byte 4611686018427387920 of"},
    {HEADER, "[0,16]", "[0,99999999999999999999]", "header: byte"},
    {HEADER, "[16,96]", "[0,80]", "inside the one that ends at byte"},
    {HEADER, "\"F32\"", "\"U8\"",
     "tensor encoder.0.bias: dtype is U8, must be F32, F16, BF16 or F64"},
    {HEADER, "\"F32\"", "32", "tensor encoder.0.bias: dtype is not a text"},
    {HEADER, "\"F32\"", "\"BF16\"", "tensor encoder.0.bias: has 16 bytes"},
    {HEADER, "\"shape\":[4]", "\"shape\":[4,0]", "shape[1] is not a whole"},
    {HEADER, "\"shape\":[4]", "\"shape\":[4294967296,4294967296,2]",
     "tensor encoder.0.bias: shape[1] is not a whole number from 1 that fits"},
    {HEADER, "\"shape\":[4]", "\"shape\":[1,1,1,1,4]", "at most 4"},
    {HEADER, "\"shape\":[4]", "\"shape\":[2,2]",
     "tensor encoder.0.bias: shape is (2, 2), the architecture wants (4)"},
    {HEADER, "\"shape\":[4]", "\"shape\":4", "shape is not a list"},
    {HEADER, "\"shape\":[4]", "\"sharp\":[4]", "tensor encoder.0.bias: shape"},
    {HEADER, "\"shape\":[4]", "\"shape\":[4],\"x\":1", "is not an object of"},
    {HEADER, "\"shape\":[4,1,5]", "\"shape\":[5,1,4]",
     "tensor encoder.0.weight: shape is (5, 1, 4), the architecture wants"},
    {HEADER, "latentd.card", "latentd.post", "no latentd.card"},
    {HEADER, "{\"__metadata__\":{", "{\"__metadata__\":{\"n\":1,",
     "__metadata__: a value is not a text"},
    {HEADER, "{", "[", "header: byte"},
};

enum { N_MODEL_CASES = sizeof(model_cases) / sizeof(model_cases[0]) };

static inline void model_case(struct lat_buf *file, const struct model_case *c)
{
    bool card = c->where == CARD;

    model_bytes(file, &small_model, card ? c->from : NULL, c->to);
    if (!card)
        respell_header(file, c->from, c->to);
}

#endif
