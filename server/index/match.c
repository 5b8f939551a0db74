/*
 * match.c - a filter, asked of facts.
 *
 * words has a number for each condition's key, then for each of its values;
 * what no recording has is LATD_NO_NAME, which no fact is.
 */
#include "table.h"

size_t latd_match_size(const struct latd_filter *f)
{
    size_t n = f->n;

    for (size_t i = 0; i < f->n; i++)
        n += f->conditions[i].n_values;
    return n;
}

void latd_match_prepare(uint32_t *words, const struct latd_index *idx,
                        const struct latd_filter *f)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct latd_condition *c = &f->conditions[i];

        *words++ = latd_names_find(&idx->words, c->key);
        for (size_t j = 0; j < c->n_values; j++)
            *words++ = c->values[j].kind == LATD_TEXT
                           ? latd_names_find(&idx->words, c->values[j].text)
                           : LATD_NO_NAME;
    }
}

static bool is_value(const struct latd_fact *fact, const struct latd_value *v,
                     uint32_t word)
{
    if (fact->kind != v->kind)
        return false;
    switch (fact->kind) {
    case LATD_BOOL:
    case LATD_NUMBER:
        return fact->of.number == v->number;
    case LATD_TEXT:
        break;
    }
    return fact->of.word == word;
}

static bool fits(const struct latd_fact *fact, const struct latd_condition *c,
                 const uint32_t *words)
{
    if (c->n_values == 0)
        return fact->kind == LATD_NUMBER && fact->of.number >= c->least &&
               fact->of.number <= c->most;
    for (size_t j = 0; j < c->n_values; j++)
        if (is_value(fact, &c->values[j], words[j]))
            return true;
    return false;
}

static bool holds(const uint32_t *words, const struct latd_condition *c,
                  const struct latd_slot *slot)
{
    for (size_t i = 0; i < slot->n; i++)
        if (slot->facts[i].key == words[0] &&
            fits(&slot->facts[i], c, words + 1))
            return true;
    return false;
}

bool latd_match(const uint32_t *words, const struct latd_filter *f,
                const struct latd_slot *slot)
{
    bool should = false, any = true;

    for (size_t i = 0; i < f->n; i++) {
        const struct latd_condition *c = &f->conditions[i];
        bool held = holds(words, c, slot);

        words += 1 + c->n_values;
        switch (c->group) {
        case LATD_MUST:
            if (!held)
                return false;
            break;
        case LATD_MUST_NOT:
            if (held)
                return false;
            break;
        case LATD_SHOULD:
            any = should ? any || held : held;
            should = true;
            break;
        }
    }
    return any;
}
