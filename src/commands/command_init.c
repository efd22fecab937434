// SPDX-License-Identifier: Apache-2.0
//
// What the row of "init" in the command table is made of.
#include "commands/command_lists.h"

const struct command_option command_init_options[] = {
    {OPTION_PRECISION, "precision", .kind = VALUE_WORD, .argument = "P", .words = "f32 reduced",
     .help = "how the database's vectors are computed: f32 as the published model does, or reduced "
             "with 8-bit weights (default: as it is; a new database: f32)",
     .typed_only = true},
    {OPTION_NOW, "now",
     .help = "change the precision at once: until all is embedded anew searches leave out what has "
             "no vector yet"},
    {OPTION_DROP_OLD_VECTORS, "drop-old-vectors",
     .help = "free the vectors that were computed in another precision, which the way back needs"},
    {OPTION_TAKE_COLLECTION, "take-collection",
     .help = "make the vector collection this database's, though it is another's: all contents "
             "are written to it, and what they do not have is taken out"},
    {0},
};

const struct command_example command_init_examples[] = {
    {"init", "make the private database, or bring it up to date"},
    {"init --precision reduced", "change to 8-bit weights beside all searches: then run sync"},
    {"init --drop-old-vectors", "the change has proved itself: no way back is needed"},
    {NULL, NULL},
};

const char command_init_description[] =
    "Starts the private servers if they are used, applies the migrations that are missing, and "
    "makes the vector collection. Commands do this by themselves for a private database; for a "
    "server named by DATABASE_URL it is done here only.\n\n"
    "A database has vectors of one precision, and all commands follow it. With --precision it "
    "changes to another one beside whatever goes on: \"grove sync\", or whatever projects, "
    "computes "
    "the new vectors, searches go on with the old ones and miss nothing, and when every content "
    "has "
    "a new one the database changes by itself. grove status tells how far that is. The same again "
    "goes on, the old precision again gives it up. The old vectors are kept, and the way back "
    "computes nothing, until --drop-old-vectors frees them; what was supplied stays. With --now it "
    "changes at once; until all is embedded anew searches leave out what has no vector yet, and "
    "say "
    "so.\n\n"
    "A vector collection is the projection of one database. Commands refuse another's (exit status "
    "4): name another collection in GROVE_COLLECTION, or take it over with --take-collection where "
    "nobody else needs it.";

const char command_init_json[] =
    "`applied` (migrations applied now), `schema_version`, `database`, `engine`, `home`, `model` "
    "(whose vectors are compared), `next_model` (the one that it changes to, or null), `queued` "
    "(contents that are projected anew since the model has changed), `dropped` (old vectors that "
    "were freed), `seconds`.";
