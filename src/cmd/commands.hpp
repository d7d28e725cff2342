#pragma once
// The commands of the program: each reads its own words and returns the exit status.

namespace ovenbird {

struct Command {
    const char* name;
    const char* summary;
    int (*run)(int argc, char** argv);  // argv[0] is the command's name
};

int bake_command(int argc, char** argv);
int run_command(int argc, char** argv);
int chat_command(int argc, char** argv);
int check_command(int argc, char** argv);
int bench_command(int argc, char** argv);
int eval_command(int argc, char** argv);
int embed_command(int argc, char** argv);
int pull_command(int argc, char** argv);
int list_command(int argc, char** argv);
int rm_command(int argc, char** argv);
int cache_command(int argc, char** argv);
int doctor_command(int argc, char** argv);
int serve_command(int argc, char** argv);
/// What `check --compile` starts on Windows.
int compile_for_npu_command(int argc, char** argv);
/// What a server starts for itself; nobody types it.
int worker_command(int argc, char** argv);

}  // namespace ovenbird
