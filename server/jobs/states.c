/* states.c - the one table of states, and which move leads where. */
#include "../jobs.h"

#include <string.h>

static const char *const words[] = {
#define XX(name, word) word,
    LATD_JOB_STATE_MAP(XX)
#undef XX
};

static const char *const verbs[] = {
#define XX(name, word) word,
    LATD_JOB_MOVE_MAP(XX)
#undef XX
};

enum { NO = -1 };

#define VAL LATD_JOB_VALIDATING_FILES
#define QUE LATD_JOB_QUEUED
#define RUN LATD_JOB_RUNNING
#define PAU LATD_JOB_PAUSED
#define SUC LATD_JOB_SUCCEEDED
#define FAI LATD_JOB_FAILED
#define CAN LATD_JOB_CANCELLED

/* A job that was paused goes back to the queue, where its files are looked at
 * again before it runs. */
static const signed char table[LATD_N_JOB_STATES][LATD_N_JOB_MOVES] = {
    /*        VALIDATED START PAUSE RESUME CANCEL STOP SUCCEED FAIL */
    [VAL] = {QUE, NO, PAU, VAL, CAN, VAL, NO, FAI},
    [QUE] = {QUE, RUN, PAU, QUE, CAN, QUE, NO, FAI},
    [RUN] = {NO, RUN, PAU, RUN, CAN, QUE, SUC, FAI},
    [PAU] = {NO, NO, PAU, QUE, CAN, PAU, NO, NO},
    [SUC] = {NO, NO, NO, NO, NO, NO, SUC, NO},
    [FAI] = {NO, NO, NO, NO, NO, NO, NO, FAI},
    [CAN] = {NO, NO, NO, NO, CAN, NO, NO, NO},
};

const char *latd_job_state_word(enum latd_job_state s)
{
    return words[s];
}

bool latd_job_state_find(enum latd_job_state *out, const char *word)
{
    for (size_t i = 0; i < LATD_N_JOB_STATES; i++)
        if (strcmp(words[i], word) == 0) {
            *out = (enum latd_job_state)i;
            return true;
        }
    return false;
}

enum lat_code latd_job_next(enum latd_job_state *to, enum latd_job_state from,
                            enum latd_job_move move, struct lat_err *err)
{
    if (table[from][move] == NO)
        return lat_fail_word(err, LAT_EBUSY, "invalid_state",
                             "a job that is %s cannot be %s", words[from],
                             verbs[move]);
    *to = (enum latd_job_state)table[from][move];
    return LAT_OK;
}

bool latd_job_is_final(enum latd_job_state s)
{
    return s == SUC || s == FAI || s == CAN;
}
