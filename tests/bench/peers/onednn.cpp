// oneDNN as one of the engines that tests/bench/engine measures.
//
//     onednn PREFIX float32|bfloat16
//
// reads PREFIX.steps and PREFIX.weights (see graph.py); commands as in ours.c.
#include <dnnl.hpp>
#include <omp.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

using namespace dnnl;
using dims = memory::dims;
using tag = memory::format_tag;
using type = memory::data_type;

struct Step {
    std::string kind;
    int x, z, y;
    dims in, out; // channels, height, width
    long kernel, stride, pad;
    bool relu;
    std::vector<float> weight, bias;
};

static engine cpu(engine::kind::cpu, 0);
static type precision = type::f32;
static dims input;
static std::vector<Step> steps;

static double now()
{
    using namespace std::chrono;
    return duration<double>(steady_clock::now().time_since_epoch()).count();
}

static bool is_product(const Step &s)
{
    return s.kind == "conv1d" || s.kind == "conv2d" || s.kind == "linear";
}

static void read_steps(const std::string &prefix)
{
    std::ifstream text(prefix + ".steps");
    std::ifstream blob(prefix + ".weights", std::ios::binary);
    std::string line, word;

    std::getline(text, line);
    std::istringstream first(line);
    input = dims(3);
    first >> word >> input[0] >> input[1] >> input[2];
    while (std::getline(text, line)) {
        std::istringstream in(line);
        Step s;
        int relu;
        s.in = s.out = dims(3);
        in >> s.kind >> s.x >> s.z >> s.y;
        for (auto *d : {&s.in, &s.out})
            in >> (*d)[0] >> (*d)[1] >> (*d)[2];
        in >> s.kernel >> s.stride >> s.pad >> relu;
        s.relu = relu != 0;
        if (is_product(s)) {
            long taps = s.kind == "linear" ? 1
                        : s.kind == "conv1d" ? s.kernel
                                             : s.kernel * s.kernel;
            s.weight.resize(s.out[0] * s.in[0] * taps);
            s.bias.resize(s.out[0]);
            blob.read((char *)s.weight.data(), 4 * s.weight.size());
            blob.read((char *)s.bias.data(), 4 * s.bias.size());
        }
        steps.push_back(s);
    }
}

// The whole network for one size of batch: primitives with their arguments.
class Network {
public:
    explicit Network(long n) : batch(n)
    {
        acts[0] = memory({{n, input[0], input[1], input[2]}, type::f32,
                          tag::nhwc},
                         cpu);
        for (auto &s : steps)
            add(s);
        result = as(acts[steps.back().y],
                    {acts[steps.back().y].get_desc().dims(), type::f32,
                     tag::nchw});
    }

    memory &in() { return acts[0]; }
    memory &out() { return result; }

    void run()
    {
        for (auto &job : jobs)
            job.first.execute(queue, job.second);
        queue.wait();
    }

private:
    long batch;
    stream queue{cpu};
    std::map<int, memory> acts;
    memory result;
    std::vector<std::pair<primitive, std::unordered_map<int, memory>>> jobs;

    // The same values in another layout; a job of its own where it differs.
    memory as(memory from, const memory::desc &to)
    {
        if (from.get_desc() == to)
            return from;
        memory made(to, cpu);
        jobs.push_back({reorder(from, made),
                        {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, made}}});
        return made;
    }

    // Weights are put into their layout here, not at each run.
    memory packed(const std::vector<float> &v, const dims &d, tag t,
                  const memory::desc &to)
    {
        memory from({d, type::f32, t}, cpu), made(to, cpu);
        std::memcpy(from.get_data_handle(), v.data(), 4 * v.size());
        reorder(from, made).execute(queue, from, made);
        queue.wait();
        return made;
    }

    dims full(const dims &d) { return {batch, d[0], d[1], d[2]}; }

    static memory::desc any(const dims &d, type t)
    {
        return {d, t, tag::any};
    }

    void add(Step &s)
    {
        if (is_product(s))
            add_product(s);
        else if (s.kind == "maxpool" || s.kind == "avgpool")
            add_pool(s);
        else if (s.kind == "add")
            add_sum(s);
        else
            std::exit(3);
    }

    void add_product(Step &s)
    {
        bool flat = s.in[1] == 1 && s.kind != "conv2d";
        long kh = s.kind == "conv2d" ? s.kernel : 1;
        long kw = s.kind == "linear" ? 1 : s.kernel;
        long ph = flat ? 0 : s.pad, sh = flat ? 1 : s.stride;
        dims wd{s.out[0], s.in[0], kh, kw};
        post_ops after;
        primitive_attr attr;

        if (s.relu)
            after.append_eltwise(1.0f, algorithm::eltwise_relu, 0.0f, 0.0f);
        attr.set_post_ops(after);
        convolution_forward::desc d(
            prop_kind::forward_inference, algorithm::convolution_direct,
            any(full(s.in), precision), any(wd, precision),
            any({s.out[0]}, type::f32), any(full(s.out), precision),
            {sh, s.stride}, {ph, s.pad}, {ph, s.pad});
        convolution_forward::primitive_desc pd(d, attr, cpu);
        memory y(pd.dst_desc(), cpu);
        jobs.push_back(
            {convolution_forward(pd),
             {{DNNL_ARG_WEIGHTS,
               packed(s.weight, wd, tag::oihw, pd.weights_desc())},
              {DNNL_ARG_BIAS,
               packed(s.bias, {s.out[0]}, tag::a, pd.bias_desc())},
              {DNNL_ARG_DST, y}}});
        auto job = jobs.back();
        jobs.pop_back();
        job.second[DNNL_ARG_SRC] = as(acts[s.x], pd.src_desc());
        jobs.push_back(job);
        acts[s.y] = y;
    }

    void add_pool(Step &s)
    {
        bool mean = s.kind == "avgpool", flat = s.in[1] == 1;
        long kh = mean ? s.in[1] : flat ? 1 : s.kernel;
        long kw = mean ? s.in[2] : s.kernel;
        long sh = mean ? 1 : flat ? 1 : s.stride;
        long p = mean ? 0 : s.pad;
        pooling_forward::desc d(prop_kind::forward_inference,
                                mean ? algorithm::pooling_avg_exclude_padding
                                     : algorithm::pooling_max,
                                acts[s.x].get_desc(),
                                any(full(s.out), precision),
                                {sh, mean ? 1 : s.stride}, {kh, kw},
                                {flat ? 0 : p, p}, {flat ? 0 : p, p});
        pooling_forward::primitive_desc pd(d, cpu);
        memory y(pd.dst_desc(), cpu);
        jobs.push_back({pooling_forward(pd),
                        {{DNNL_ARG_SRC, acts[s.x]}, {DNNL_ARG_DST, y}}});
        acts[s.y] = y;
    }

    void add_sum(Step &s)
    {
        memory x = acts[s.x], z = as(acts[s.z], x.get_desc());
        post_ops after;
        primitive_attr attr;

        if (s.relu)
            after.append_eltwise(1.0f, algorithm::eltwise_relu, 0.0f, 0.0f);
        attr.set_post_ops(after);
        binary::desc d(algorithm::binary_add, x.get_desc(), z.get_desc(),
                       x.get_desc());
        binary::primitive_desc pd(d, attr, cpu);
        memory y(pd.dst_desc(), cpu);
        jobs.push_back({binary(pd),
                        {{DNNL_ARG_SRC_0, x},
                         {DNNL_ARG_SRC_1, z},
                         {DNNL_ARG_DST, y}}});
        acts[s.y] = y;
    }
};

// Layouts are chosen for a number of threads, so each has its network.
static Network &network(long batch, int threads)
{
    static std::map<std::pair<long, int>, std::unique_ptr<Network>> made;
    auto &n = made[{batch, threads}];

    omp_set_num_threads(threads);
    if (!n) {
        n = std::make_unique<Network>(batch);
        auto *x = (float *)n->in().get_data_handle();
        for (long i = 0; i < batch * input[0] * input[1] * input[2]; i++)
            x[i] = (float)(i % 17) / 8.0f - 1.0f;
    }
    return *n;
}

static void embed(long batch, int threads, double seconds)
{
    Network &n = network(batch, threads);
    long done = 0;

    n.run();
    n.run();
    double begin = now();
    do {
        n.run();
        done += batch;
    } while (now() - begin < seconds);
    std::printf("%ld %.6f\n", done, now() - begin);
}

static void answer(const char *from, const char *to, long count)
{
    Network &n = network(count, 1);
    auto in = n.in().get_desc(), out = n.out().get_desc();
    std::ifstream source(from, std::ios::binary);
    std::ofstream target(to, std::ios::binary);

    source.read((char *)n.in().get_data_handle(), in.get_size());
    n.run();
    target.write((char *)n.out().get_data_handle(), out.get_size());
    std::printf("done\n");
}

int main(int, char **argv)
{
    std::string line;
    char from[1024], to[1024];
    long batch;
    int threads;
    double seconds;

    if (std::strcmp(argv[2], "bfloat16") == 0)
        precision = type::bf16;
    read_steps(argv[1]);
    std::printf("%s\n", argv[2]);
    std::fflush(stdout);
    while (std::getline(std::cin, line)) {
        const char *s = line.c_str();
        if (std::sscanf(s, "embed %ld %d %lf", &batch, &threads, &seconds) == 3)
            embed(batch, threads, seconds);
        else if (std::sscanf(s, "answer %1023s %1023s %ld", from, to,
                             &batch) == 3)
            answer(from, to, batch);
        else
            return 2;
        std::fflush(stdout);
    }
}
