/* job.c - jobs, events and checkpoints in OpenAI's shapes. */
#include "jobs.h"

#include "../wire.h"
#include "json.h"

static void put_text(struct lat_buf *out, const char *name, const char *text)
{
    lat_buf_printf(out, ",\"%s\":", name);
    if (text && *text)
        latd_write_string(out, text);
    else
        lat_buf_puts(out, "null");
}

static void put_time(struct lat_buf *out, const char *name, int64_t t)
{
    if (t)
        lat_buf_printf(out, ",\"%s\":%lld", name, (long long)t);
    else
        lat_buf_printf(out, ",\"%s\":null", name);
}

/* A member of the request as it stands there, or what it is by default. */
static void put_asked(struct lat_buf *out, const json_t *request,
                      const char *name, const char *by_default)
{
    const json_t *v = latd_json_get(request, name);
    char *text = v ? json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

    lat_buf_printf(out, ",\"%s\":%s", name, text ? text : by_default);
    lat_free(text);
}

static void put_hyper(struct lat_buf *out, const json_t *request)
{
    static const char *const names[] = {"n_epochs", "batch_size",
                                        "learning_rate_multiplier"};
    const json_t *h = latd_json_get(request, "hyperparameters");

    lat_buf_puts(out, ",\"hyperparameters\":{");
    for (size_t i = 0; i < 3; i++) {
        const json_t *v = latd_json_get(h, names[i]);

        lat_buf_printf(out, "%s\"%s\":", i ? "," : "", names[i]);
        if (json_is_number(v))
            latd_write_number(out, json_number_value(v));
        else
            lat_buf_puts(out, "\"auto\"");
    }
    lat_buf_puts(out, "}");
}

static void put_error(struct lat_buf *out, const struct latd_job *j)
{
    if (!j->error_code) {
        lat_buf_puts(out, ",\"error\":null");
        return;
    }
    lat_buf_puts(out, ",\"error\":{\"code\":");
    latd_write_string(out, j->error_code);
    put_text(out, "message", j->error_message);
    lat_buf_puts(out, ",\"param\":null}");
}

static void put_progress(struct lat_buf *out, const struct latd_job *j)
{
    lat_buf_printf(out,
                   ",\"progress\":{\"step\":%lld,\"total_steps\":%lld,"
                   "\"epoch\":",
                   (long long)j->step, (long long)j->total_steps);
    latd_write_number(out, j->epoch);
    lat_buf_puts(out, ",\"steps_per_second\":");
    latd_write_number(out, j->rate);
    lat_buf_puts(out, "}");
}

void latd_wire_job_encode(struct lat_buf *out, const struct latd_job *j)
{
    json_t *request = json_loads(j->request, 0, NULL);
    bool done = j->state == LATD_JOB_SUCCEEDED;

    lat_buf_puts(out, "{\"object\":\"fine_tuning.job\",\"id\":");
    latd_write_string(out, j->id);
    put_time(out, "created_at", j->created_at);
    put_text(out, "model", j->model);
    put_text(out, "status", latd_job_state_word(j->state));
    put_text(out, "training_file", j->training_file);
    put_text(out, "validation_file", j->validation_file);
    put_text(out, "fine_tuned_model", done ? j->output : NULL);
    put_time(out, "finished_at", j->finished_at);
    put_time(out, "estimated_finish", j->estimated_at);
    put_hyper(out, request);
    lat_buf_puts(out, ",\"organization_id\":\"local\",\"result_files\":[");
    if (j->result_file)
        latd_write_string(out, j->result_file);
    lat_buf_puts(out, "],\"trained_tokens\":null");
    put_asked(out, request, "seed", "1");
    put_error(out, j);
    put_asked(out, request, "metadata", "{}");
    put_asked(out, request, "objective", "null");
    put_asked(out, request, "limits", "{}");
    put_asked(out, request, "checkpoint", "{}");
    put_progress(out, j);
    put_text(out, "last_checkpoint", j->checkpoint);
    lat_buf_puts(out, "}");
    if (!request)
        out->failed = true;
    json_decref(request);
}

void latd_wire_event_encode(struct lat_buf *out, const struct latd_job_event *e)
{
    lat_buf_puts(out, "{\"object\":\"fine_tuning.job.event\",\"id\":");
    latd_write_string(out, e->id);
    put_time(out, "created_at", e->created_at);
    put_text(out, "level", e->level);
    put_text(out, "type", e->type);
    put_text(out, "message", e->message);
    lat_buf_printf(out, ",\"data\":%s}", e->data);
}

void latd_wire_checkpoint_encode(struct lat_buf *out,
                                 const struct latd_job_checkpoint *c)
{
    lat_buf_puts(out, "{\"object\":\"fine_tuning.job.checkpoint\",\"id\":");
    latd_write_string(out, c->id);
    put_time(out, "created_at", c->created_at);
    put_text(out, "fine_tuning_job_id", c->job);
    put_text(out, "fine_tuned_model_checkpoint", c->model);
    lat_buf_printf(out, ",\"step_number\":%lld,\"metrics\":%s}",
                   (long long)c->step, c->metrics);
}

static const char *const columns[] = {
    "step",
    "epoch",
    "train_loss",
    "valid_loss",
    "task",
    "inv",
    "var",
    "neg",
    "nce",
    "grad_norm",
    "learning_rate",
    "classifier_accuracy",
    "kl",
    "gates_open",
    "expected_active",
    "rows_shut",
    NULL,
};

void latd_wire_metrics_head(struct lat_buf *out)
{
    for (size_t i = 0; columns[i]; i++)
        lat_buf_printf(out, "%s%s", i ? "," : "", columns[i]);
    lat_buf_puts(out, "\n");
}

/* What was not measured is 0: each line has as many fields. */
void latd_wire_metrics_row(struct lat_buf *out, const char *data)
{
    json_t *v = json_loads(data, 0, NULL);

    for (size_t i = 0; columns[i]; i++) {
        lat_buf_puts(out, i ? "," : "");
        latd_write_number(out,
                          json_number_value(json_object_get(v, columns[i])));
    }
    lat_buf_puts(out, "\n");
    json_decref(v);
}
