/* What a dishonest trainer would do, for tests/examples_verify.sh:
   tamper HOW IN OUT STEPS DATA: train STEPS steps of 8 windows from checkpoint IN, with HOW
     honest     nothing wrong
     data       a letter of the data changed for the first step
     parameter  the last bit of a parameter changed at the end
     lr         a learning rate a thousandth higher in the first step
     skip       the first batch of the data passed over
   tamper start|claim DIR DATA: a run of 10 steps with a log that calls an edited start that of seed
   1, or twice the learning rate the stated one. */
#define main hlx_verify_main
#include "../examples/hlx_verify.c"
#undef main

static nc_status steps_of(nc_hlx_model *model, nc_hlx_loader *loader, const char *how, int steps,
                          const nc_hlx_adamw *adamw) {
    uint8_t *copy = (uint8_t *)malloc(loader->count);
    nc_hlx_loader other = *loader;
    nc_hlx_adamw faster = *adamw;
    nc_status status = copy ? NC_OK : NC_ERR_MEMORY;
    int step;
    for (step = 0; step < steps && status == NC_OK; step++) {
        const int wrong_data = !strcmp(how, "data") && step == 0;
        size_t i;
        memcpy(copy, loader->data, loader->count);
        for (i = 0; i < loader->count; i++) copy[i] ^= copy[i] == 'e'; /* e becomes d */
        other = *loader;
        other.data = copy;
        faster.lr = adamw->lr * (!strcmp(how, "lr") && step == 0 ? 1.001f : 1.0f);
        if (!strcmp(how, "skip") && step == 0) loader->next += 8;
        status = nc_hlx_train_step(model, wrong_data ? &other : loader, &faster, NULL);
        if (wrong_data) loader->next = other.next;
    }
    free(copy);
    return status;
}

static int continue_run(char **argv) {
    nc_hlx_model *model = NULL;
    nc_hlx_data data = {0};
    nc_hlx_loader saved = {0};
    nc_hlx_adamw adamw;
    nc_error err = {NC_OK, 0, 0, ""};
    nc_status status;
    status = nc_hlx_load(&model, &saved, argv[2], 0, NULL, &err);
    if (status == NC_OK)
        status = nc_hlx_data_open(&data, argv[5], 1, NULL, saved.seq, saved.seed, &err);
    if (status == NC_OK) {
        adamw = *nc_hlx_get_adamw(model);
        data.train.next = saved.next;
        status = steps_of(model, &data.train, argv[1], atoi(argv[4]), &adamw);
    }
    if (status == NC_OK && !strcmp(argv[1], "parameter")) {
        uint32_t word;
        memcpy(&word, nc_hlx_parameters(model, NULL) + 4321, 4);
        word ^= 1;
        memcpy(nc_hlx_parameters(model, NULL) + 4321, &word, 4);
    }
    if (status == NC_OK) status = nc_hlx_save(model, &data.train, argv[3], &err);
    if (status != NC_OK)
        fprintf(stderr, "tamper: %s\n", err.message[0] ? err.message : nc_status_str(status));
    nc_hlx_data_close(&data);
    nc_hlx_destroy(model);
    return status != NC_OK;
}

static int false_log(const char *how, const char *folder, const char *text) {
    options o = {0};
    verdict v = {""};
    state s = {NULL, {0}};
    run_log log = {0};
    material m = {0};
    nc_hlx_data data = {0};
    nc_hlx_adamw adamw;
    FILE *file;
    int ok;
    o.data = text;
    o.preset = "demo";
    o.token_bytes = 1;
    o.batch = 8;
    o.steps = 10;
    o.every = 5;
    o.seed = 1;
    o.lr = 1e-3;
    snprintf(log.folder, sizeof log.folder, "%.1000s/", folder);
    (void)mkdir(folder, 0777);
    ok = read_material(&o, &m, &v) && prepare(&s, &o, NULL, &data, &v);
    if (!ok || !(file = open_log(&log, &v))) return 1;
    if (!strcmp(how, "start")) nc_hlx_parameters(s.model, NULL)[77] += 0.5f;
    adamw = schedule(&o);
    make_statement(&log.says, nc_hlx_get_config(s.model), &adamw, &s.loader, "start seed 1", &o,
                   &m);
    if (!strcmp(how, "claim")) adamw.lr *= 2;
    ok = statement_digest(&log.says, log.digest, &v) && write_head(file, &log, &v) &&
         train_steps(file, &log, &s, &adamw, &o, &v);
    fclose(file);
    release(&s);
    nc_hlx_data_close(&data);
    free(log.list);
    return !ok;
}

int main(int argc, char **argv) {
    if (argc == 4) return false_log(argv[1], argv[2], argv[3]);
    return argc == 6 ? continue_run(argv) : hlx_verify_main(argc, argv);
}
