/* facts.c - metadata as numbers. */
#include "table.h"

void latd_facts_clear(struct latd_index *idx, struct latd_slot *slot)
{
    for (size_t i = 0; i < slot->n; i++) {
        latd_names_drop(&idx->words, slot->facts[i].key);
        if (slot->facts[i].kind == LATD_TEXT)
            latd_names_drop(&idx->words, slot->facts[i].of.word);
    }
    idx->fact_bytes -= slot->n * sizeof(*slot->facts);
    lat_free(slot->facts);
    *slot = (struct latd_slot){0};
}

static bool set_one(struct latd_index *idx, struct latd_fact *to,
                    const struct latd_attribute *from)
{
    to->key = latd_names_take(&idx->words, from->path);
    if (to->key == LATD_NO_NAME)
        return false;
    to->kind = from->value.kind;
    if (to->kind != LATD_TEXT) {
        to->of.number = from->value.number;
        return true;
    }
    to->of.word = latd_names_take(&idx->words, from->value.text);
    if (to->of.word != LATD_NO_NAME)
        return true;
    latd_names_drop(&idx->words, to->key);
    return false;
}

enum lat_code latd_facts_set(struct latd_index *idx, struct latd_slot *slot,
                             const struct latd_attribute *v, size_t n,
                             struct lat_err *err)
{
    latd_facts_clear(idx, slot);
    if (n == 0)
        return LAT_OK;
    slot->facts = lat_calloc(n, sizeof(*slot->facts));
    for (; slot->facts && slot->n < n; slot->n++) {
        if (!set_one(idx, &slot->facts[slot->n], &v[slot->n]))
            break;
        idx->fact_bytes += sizeof(*slot->facts);
    }
    if (slot->n == n)
        return LAT_OK;
    latd_facts_clear(idx, slot);
    return lat_fail(err, LAT_ENOMEM, "%zu attributes", n);
}
