/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials: options, variables, files of a profile, a program that a profile names. */
#include "net/credentials.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/tool.h"

#define LINE_BYTES 8192
#define ANSWER_BYTES 65536

/* A variable that is set and not empty, or NULL. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static char *trimmed(char *text)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1])) {
        text[--len] = '\0';
    }
    return text;
}

/* --- files of profiles ----------------------------------------------------------------------- */

struct profile {
    const char *name;
    bool found;
    const char *access_key, *secret, *token, *region, *endpoint, *process, *ca_bundle;
    const char *elsewhere; /* a setting that says where else the keys are */
};

static void take(const char **to, const char *value)
{
    if (*to == NULL && value[0] != '\0') {
        *to = tool_copy(value, strlen(value));
    }
}

/* key = value; a value that is there already stays: the first file has the last word. */
static void read_setting(struct profile *profile, char *line)
{
    char *value = strchr(line, '=');
    if (value == NULL) {
        return;
    }
    *value++ = '\0';
    const char *key = trimmed(line);
    value = trimmed(value);
    if (strcmp(key, "aws_access_key_id") == 0) {
        take(&profile->access_key, value);
    } else if (strcmp(key, "aws_secret_access_key") == 0) {
        take(&profile->secret, value);
    } else if (strcmp(key, "aws_session_token") == 0) {
        take(&profile->token, value);
    } else if (strcmp(key, "region") == 0) {
        take(&profile->region, value);
    } else if (strcmp(key, "endpoint_url") == 0) {
        take(&profile->endpoint, value);
    } else if (strcmp(key, "credential_process") == 0) {
        take(&profile->process, value);
    } else if (strcmp(key, "ca_bundle") == 0) {
        take(&profile->ca_bundle, value);
    } else if (strcmp(key, "role_arn") == 0 || strcmp(key, "sso_session") == 0 ||
               strcmp(key, "sso_start_url") == 0 || strcmp(key, "web_identity_token_file") == 0) {
        take(&profile->elsewhere, key);
    }
}

/* Without the quotes that a name with spaces stands in. */
static const char *unquoted(char *name)
{
    size_t len = strlen(name);
    if (len > 1 && (name[0] == '"' || name[0] == '\'') && name[len - 1] == name[0]) {
        name[len - 1] = '\0';
        name++;
    }
    return name;
}

/* "[name]", and in the configuration file "[profile name]". */
static bool is_section(char *line, const char *name, bool config)
{
    char *end = strchr(line, ']');
    if (end == NULL) {
        return false;
    }
    *end = '\0';
    char *title = trimmed(line + 1);
    if (config && strcmp(title, "default") != 0) {
        if (strncmp(title, "profile", 7) != 0 || !isspace((unsigned char)title[7])) {
            return false;
        }
        title = trimmed(title + 7);
    }
    return strcmp(unquoted(title), name) == 0;
}

static void read_file(struct profile *profile, const char *path, bool config)
{
    char line[LINE_BYTES];
    bool inside = false;
    FILE *f = path != NULL ? fopen(path, "r") : NULL;
    if (f == NULL) {
        return;
    }
    while (fgets(line, sizeof line, f) != NULL) {
        bool nested = isspace((unsigned char)line[0]); /* settings of a sub-section */
        char *text = trimmed(line);
        if (text[0] == '#' || text[0] == ';' || text[0] == '\0') {
            continue;
        }
        if (text[0] == '[') {
            inside = is_section(text, profile->name, config);
            profile->found = profile->found || inside;
        } else if (inside && !nested) {
            read_setting(profile, text);
        }
    }
    fclose(f);
}

static const char *home_file(const char *from_variable, const char *name)
{
    const char *path = variable(from_variable), *home = variable("HOME");
    if (path != NULL && path[0] == '~' && path[1] == '/' && home != NULL) {
        return tool_format("%s%s", home, path + 1);
    }
    if (path != NULL) {
        return path;
    }
    return home != NULL ? tool_format("%s/.aws/%s", home, name) : NULL;
}

/* --- a program that knows the keys ----------------------------------------------------------- */

/* The value of a text member of the object that the program prints; escapes other than of a slash
 * do not occur in keys. */
static const char *member(const char *json, const char *name)
{
    const char *quoted = tool_format("\"%s\"", name);
    const char *at = strstr(json, quoted);
    if (at == NULL) {
        return NULL;
    }
    at += strlen(quoted);
    at += strspn(at, " \t\r\n");
    if (*at++ != ':') {
        return NULL;
    }
    at += strspn(at, " \t\r\n");
    if (*at++ != '"') {
        return NULL;
    }
    const char *end = strchr(at, '"');
    if (end == NULL) {
        return NULL;
    }
    char *value = tool_copy(at, (size_t)(end - at)), *to = value;
    for (const char *from = value; *from != '\0'; from++) {
        if (*from == '\\' && from[1] == '/') {
            from++;
        }
        *to++ = *from;
    }
    *to = '\0';
    return value[0] != '\0' ? value : NULL;
}

static void run_process(struct credentials *who, const struct profile *profile)
{
    char *answer = tool_alloc(ANSWER_BYTES);
    FILE *f = popen(profile->process, "r");
    size_t len = f != NULL ? fread(answer, 1, ANSWER_BYTES - 1, f) : 0;
    int result = f != NULL ? pclose(f) : -1;
    answer[len] = '\0';
    if (result != 0) {
        tool_usage_error("credential_process of profile '%s' failed (%s)", profile->name,
                         result > 0 && WIFEXITED(result)
                             ? tool_format("exit status %d", WEXITSTATUS(result))
                             : "it did not run to its end");
    }
    who->access_key = member(answer, "AccessKeyId");
    who->secret = member(answer, "SecretAccessKey");
    who->token = member(answer, "SessionToken");
    who->source = "credential_process";
    memset(answer, 0, ANSWER_BYTES);
    if (who->access_key == NULL || who->secret == NULL) {
        tool_usage_error("credential_process of profile '%s' printed no keys", profile->name);
    }
}

/* --- all of it ------------------------------------------------------------------------------- */

static void find_keys(struct credentials *who, const struct profile *profile, bool asked)
{
    if (!asked && variable("AWS_ACCESS_KEY_ID") != NULL) {
        who->access_key = variable("AWS_ACCESS_KEY_ID");
        who->secret = variable("AWS_SECRET_ACCESS_KEY");
        who->token = variable("AWS_SESSION_TOKEN");
        who->source = "AWS_ACCESS_KEY_ID";
        if (who->secret == NULL) {
            tool_usage_error("AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not");
        }
    } else if (profile->access_key != NULL && profile->secret != NULL) {
        who->access_key = profile->access_key;
        who->secret = profile->secret;
        who->token = profile->token;
        who->source = tool_format("profile '%s'", profile->name);
    } else if (profile->process != NULL) {
        run_process(who, profile);
    } else if (!profile->found && (asked || variable("AWS_PROFILE") != NULL)) {
        tool_usage_error("there is no profile '%s'%s", profile->name,
                         asked ? "" : ", which AWS_PROFILE names");
    } else if (profile->elsewhere != NULL) {
        tool_usage_error("profile '%s' has its keys by %s, which this tool does not ask: a "
                         "credential_process or AWS_ACCESS_KEY_ID can give them",
                         profile->name, profile->elsewhere);
    } else {
        tool_usage_error(
            "no credentials: neither AWS_ACCESS_KEY_ID nor keys in profile '%s' (instance "
            "metadata, single sign-on and web identity are not asked); --no-sign-request goes "
            "without",
            profile->name);
    }
}

static void find_endpoint(struct credentials *who, const struct profile *profile)
{
    who->endpoint_source = "AWS_ENDPOINT_URL_S3";
    who->endpoint = variable(who->endpoint_source);
    if (who->endpoint == NULL) {
        who->endpoint_source = "AWS_ENDPOINT_URL";
        who->endpoint = variable(who->endpoint_source);
    }
    if (who->endpoint == NULL) {
        who->endpoint_source = tool_format("endpoint_url of profile '%s'", profile->name);
        who->endpoint = profile->endpoint;
    }
    who->ca_bundle = variable("AWS_CA_BUNDLE");
    if (who->ca_bundle == NULL) {
        who->ca_bundle = profile->ca_bundle;
    }
    if (who->ca_bundle == NULL) {
        who->ca_bundle = variable("SSL_CERT_FILE");
    }
}

void credentials_find(const struct args *args, struct credentials *who)
{
    struct profile profile;
    const char *name = args_value(args, "--profile");
    bool asked = name != NULL;
    memset(who, 0, sizeof *who);
    memset(&profile, 0, sizeof profile);
    name = asked ? name : variable("AWS_PROFILE");
    profile.name = name != NULL ? name : "default";
    read_file(&profile, home_file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), false);
    read_file(&profile, home_file("AWS_CONFIG_FILE", "config"), true);
    who->region = args_value(args, "--region");
    if (who->region == NULL) {
        who->region = variable("AWS_REGION");
    }
    if (who->region == NULL) {
        who->region = variable("AWS_DEFAULT_REGION");
    }
    if (who->region == NULL) {
        who->region = profile.region;
    }
    find_endpoint(who, &profile);
    if (!args_flag(args, "--no-sign-request")) {
        find_keys(who, &profile, asked);
    }
}
