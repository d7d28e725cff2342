#pragma once
// The C face of the Rust crates Ovenbird keeps: tokenizers, llguidance, minijinja, blake3, indicatif,
// rustyline, a hub's client on ureq, and an HTTP server on hyper.
//
// Text, paths within JSON too, is UTF-8 with an explicit size, never zero-terminated. A function that can
// fail returns false (or a status that is not OB_OK) and, where `error` is not null, leaves an owned text
// there, to be freed by ob_string_free(). No function panics or unwinds into its caller. Handles may be used
// from several threads unless it says otherwise.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Text owned by the bridge.
typedef struct {
    char* data;
    size_t size;
} ObString;

/// Frees what a function below filled in; {NULL, 0} is allowed. The struct is emptied.
void ob_string_free(ObString* text);

typedef enum { OB_OK = 0, OB_NOT_FOUND = 1, OB_IO = 2, OB_INTERNAL = 3 } ObStatus;

/// BLAKE3 of bytes, on all cores when there are many of them. False: an internal error.
bool ob_hash_bytes(const uint8_t* data, size_t size, uint8_t digest[32]);
/// BLAKE3 of a file's content, mapped and hashed on all cores. `path` is in the system's own encoding (UTF-8
/// on Windows).
ObStatus ob_hash_file(const char* path, size_t path_size, uint8_t digest[32], ObString* error);

/// A progress bar on stderr: title, bar, bytes of total and rate (or the share done, where it does not count
/// bytes) and time left. Draws nothing where stderr is no
/// terminal.
typedef struct ObProgress ObProgress;
/// NULL only when the title is not UTF-8 or something went wrong inside; every function below accepts NULL.
ObProgress* ob_progress_new(const char* title, size_t title_size, uint64_t total, bool counts_bytes);
void ob_progress_set(ObProgress* progress, uint64_t done);
/// Prints one line above the bar, on stderr; also where the bar itself is not drawn.
void ob_progress_println(ObProgress* progress, const char* text, size_t text_size);
/// Erases the bar and frees the handle.
void ob_progress_finish(ObProgress* progress);

/// Reads lines at a terminal (standard input and output), with editing and a history. One thread at a time.
typedef struct ObLineEditor ObLineEditor;
typedef enum {
    OB_LINE_READ = 0,
    OB_LINE_END = 1,          // Ctrl-D on an empty line
    OB_LINE_INTERRUPTED = 2,  // Ctrl-C
    OB_LINE_FAILED = 3,
} ObLine;
/// `history`: the file that keeps it, made when needed in a folder that is there; empty: none. NULL on
/// errors.
ObLineEditor* ob_line_editor_new(const char* history, size_t history_size, ObString* error);
/// A pasted text may hold newlines. On OB_LINE_FAILED `line` is the reason.
ObLine ob_line_editor_read(ObLineEditor* editor, const char* prompt, size_t prompt_size, ObString* line);
/// Adds an entry, of any number of lines, to the history and its file.
bool ob_line_editor_remember(ObLineEditor* editor, const char* entry, size_t entry_size, ObString* error);
void ob_line_editor_free(ObLineEditor* editor);

/// An immutable tokenizer made from the text of a tokenizer.json. Truncation and padding are switched off.
typedef struct ObTokenizer ObTokenizer;
/// Token ids owned by the bridge.
typedef struct {
    uint32_t* data;
    size_t size;
} ObIds;

bool ob_tokenizer_load(const char* json, size_t json_size, ObTokenizer** tokenizer, ObString* error);
/// Adds what the files beside the tokenizer.json declare, before anybody else uses the tokenizer. `json`:
/// {"tokens": [added tokens with all their properties, by id], "only_named": [tokens that count where the
/// tokenizer has none of that text], "named": [texts of special tokens], "bos", "eos": text or null,
/// "add_bos", "add_eos": true, false or null (as the post-processor does)}.
bool ob_tokenizer_declare(ObTokenizer* tokenizer, const char* json, size_t json_size, ObString* error);
void ob_tokenizer_free(ObTokenizer* tokenizer);
bool ob_tokenizer_encode(const ObTokenizer* tokenizer, const char* text, size_t text_size, bool add_special,
                         ObIds* ids, ObString* error);
/// Frees what ob_tokenizer_encode() filled in; the struct is emptied.
void ob_ids_free(ObIds* ids);
/// Ids that the tokenizer does not know give no text.
bool ob_tokenizer_decode(const ObTokenizer* tokenizer, const uint32_t* ids, size_t count, bool skip_special,
                         ObString* text, ObString* error);
/// Largest id + 1, added tokens included; 0 without any token.
uint64_t ob_tokenizer_id_limit(const ObTokenizer* tokenizer);
/// False where there is no such token.
bool ob_tokenizer_token_to_id(const ObTokenizer* tokenizer, const char* token, size_t token_size,
                              uint32_t* id);
bool ob_tokenizer_id_to_token(const ObTokenizer* tokenizer, uint32_t id, ObString* token);

/// What ob_tokenizer_id_flags() tells of an id.
enum {
    OB_ID_KNOWN = 1,    // the vocabulary has a token of this id
    OB_ID_SPECIAL = 2,  // skipped when special tokens are skipped
    OB_ID_BYTE = 4,     // stands for one byte (<0x0A>), decoded together with its neighbours of the kind
};
uint32_t ob_tokenizer_id_flags(const ObTokenizer* tokenizer, uint32_t id);
/// True when a token may hold any part of a UTF-8 character (byte-level vocabularies).
bool ob_tokenizer_is_byte_level(const ObTokenizer* tokenizer);

/// The vocabulary as a tree of bytes, which every constraint walks; made once for a tokenizer, immutable.
typedef struct ObTokenTree ObTokenTree;
/// `eos_ids` end an answer; those that the tokenizer does not know are passed over. False where its decoder
/// does not join tokens byte by byte (such as WordPiece).
bool ob_token_tree_new(const ObTokenizer* tokenizer, const uint32_t* eos_ids, size_t count,
                       ObTokenTree** tree, ObString* error);
void ob_token_tree_free(ObTokenTree* tree);

typedef enum { OB_JSON_SCHEMA = 0, OB_LARK = 1, OB_REGEX = 2 } ObConstraintKind;
/// What an answer may be, and how far it has come. Keeps what it needs of the tree; one thread at a time.
/// After a failure every call fails with the same reason.
typedef struct ObConstraint ObConstraint;
bool ob_constraint_new(const ObTokenTree* tree, ObConstraintKind kind, const char* text, size_t text_size,
                       ObConstraint** constraint, ObString* error);
void ob_constraint_free(ObConstraint* constraint);
/// Bit id % 32 of word id / 32: whether the token may come next. Where the answer may end, the EOS ids too.
bool ob_constraint_allowed(ObConstraint* constraint, uint32_t* words, size_t count, ObString* error);
/// The token came. Fails for one that was not allowed.
bool ob_constraint_take(ObConstraint* constraint, uint32_t id, ObString* error);
/// Whether the answer so far is a whole one.
bool ob_constraint_may_end(ObConstraint* constraint);
/// Whether it is one and nothing may follow.
bool ob_constraint_must_end(const ObConstraint* constraint);

/// Renders a Hugging Face chat template. `context_json` is a JSON object of the template's variables.
/// The error is the template's own message where it called raise_exception.
bool ob_template_render(const char* source, size_t source_size, const char* context_json, size_t context_size,
                        ObString* text, ObString* error);

typedef enum {
    OB_HUB_OK = 0,
    OB_HUB_NOT_FOUND = 1,  // no such repository, revision or file, or none that this user may see
    OB_HUB_IO = 2,
    OB_HUB_INTERNAL = 3,
    OB_HUB_NO_SPACE = 4,
    OB_HUB_CORRUPT = 5,  // what came is not what the hub announced, again and again
    OB_HUB_INTERRUPTED = 6,
    OB_HUB_USAGE = 7,
    OB_HUB_NETWORK = 8,
} ObHubStatus;
/// Called from the calling thread, several times a second. None of them may throw.
typedef struct {
    void* user;
    void (*progress)(void* user, uint64_t done_bytes, uint64_t total_bytes);
    void (*note)(void* user, const char* text, size_t size);
    /// True: end soon, and keep what has come.
    bool (*stop)(void* user);
} ObHubCaller;
/// Requests and answers are JSON. List: {"repo", "revision"} to {"commit", "snapshot", "endpoint", "offline"
/// (why the hub was not asked; empty: it was), "files": [{"path", "size", "sha256", "sha1", "cached"}]}.
ObHubStatus ob_hub_list(const char* request, size_t request_size, const ObHubCaller* caller, ObString* answer,
                        ObString* error);
/// Fetch, after a list: {"repo", "commit", "files": [path]} to {"snapshot", "files": [{"path", "etag",
/// "size", "fetched_bytes"}]}.
ObHubStatus ob_hub_fetch(const char* request, size_t request_size, const ObHubCaller* caller,
                         ObString* answer, ObString* error);
/// {"endpoint", "cache", "token" (whether there is one), "offline"}, as the environment says; asks nobody.
bool ob_hub_settings(ObString* answer, ObString* error);
/// Whether a text can be the name of a repository, ORG/NAME.
bool ob_hub_is_repo(const char* name, size_t name_size);

/// An HTTP/1.1 server on threads of its own.
typedef struct ObServer ObServer;
/// One request and its answer; used by one thread at a time.
typedef struct ObExchange ObExchange;
/// Called on a thread of its own for each request, which it may block. It owns the exchange and gives it to
/// ob_exchange_finish(), from whatever thread. Must not throw.
typedef void (*ObHandler)(void* user, ObExchange* exchange);
/// `settings`: {"host", "port" (0: any), "unix_socket" (a path, instead of an address), "descriptor" (a
/// listening socket that this process was given, instead of both; else -1), "body_bytes", "header_bytes",
/// "header_ms", "body_ms": most of each, "send_ms": how long a client may read nothing, "connections": most
/// at once; more wait}. `address`: where it is reached. Listens when it returns. On Windows a path or a
/// descriptor is an error.
bool ob_server_start(const char* settings, size_t settings_size, ObHandler handler, void* user,
                     ObServer** server, ObString* address, ObString* error);
/// No new connections; requests under way may take so long. `handler` may still be called by then, not later.
void ob_server_stop(const ObServer* server, uint64_t grace_ms);
void ob_server_free(ObServer* server);
/// GET from a server of this machine, at an address as ob_server_start() tells it. Waits 5 s at most.
bool ob_http_get(const char* address, size_t address_size, const char* path, size_t path_size,
                 uint16_t* status, ObString* body, ObString* error);
/// {"method", "path", "query", "fault" ("", "too_large", "too_slow", "broken": why there is no body),
/// "headers": {name in lower case: value}}.
void ob_exchange_head(const ObExchange* exchange, ObString* head);
const uint8_t* ob_exchange_body(const ObExchange* exchange, size_t* size);
/// `headers`: [[name, value], …]. False: the client has gone (no error), or the head cannot be sent.
bool ob_exchange_begin(ObExchange* exchange, uint16_t status, const char* headers, size_t headers_size,
                       ObString* error);
/// A piece of the body; waits for a slow client. False: it has gone.
bool ob_exchange_send(ObExchange* exchange, const char* data, size_t size);
/// Whether the client has gone, at any time between the request and the end of its answer.
bool ob_exchange_is_gone(const ObExchange* exchange);
/// The answer is over.
void ob_exchange_finish(ObExchange* exchange);

#ifdef __cplusplus
}
#endif
