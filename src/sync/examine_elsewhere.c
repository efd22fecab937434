// SPDX-License-Identifier: Apache-2.0
//
// What people ask that no row is about: everyday words and questions, other languages, code, what a
// cat types. Words of the rows' own titles do not stand for these: among 100,000 rows one graph of
// eleven found 4 to 9 of the best ten for five such questions, with tenth scores above those of all
// walks for titles that had gone wrong.
//
// They are not those of tests/bench/queries.txt: what a measurement asks must not have been learnt.
#include "base/check.h"
#include "sync/examine_private.h"

static const char *const texts[] = {
    "breakfast",
    "gravity",
    "umbrella",
    "salary",
    "volcano",
    "jealousy",
    "password",
    "pumpkin",
    "democracy",
    "yesterday",
    "saxophone",
    "concrete",
    "eleven",
    "migraine",
    "orchid",
    "passport",
    "thunder",
    "mortgage",
    "zebra",
    "velvet",
    "a leaking tap",
    "the smell after rain",
    "winter tyres",
    "lost luggage at the airport",
    "three wishes",
    "the longest river of a continent",
    "a broken promise",
    "a letter that came too late",
    "cheap flights in spring",
    "black and white photographs",
    "annual general assembly",
    "a dog that is afraid of fireworks",
    "terms and conditions",
    "stairs to the cellar",
    "a map of the underground",
    "side effects of the vaccine",
    "unable to connect to the server",
    "strings tuned in fifths",
    "a marriage of convenience",
    "the history of the bicycle",
    "how to remove red wine from a carpet",
    "how tall does a sunflower grow",
    "What is the capital of Mongolia?",
    "Why is the sky blue?",
    "Who painted the ceiling of the chapel?",
    "When should I see a doctor about a cough?",
    "Where can I renew my driving licence?",
    "How many grams are in an ounce?",
    "Is it safe to reheat rice?",
    "Can I cancel my subscription at any time?",
    "What does it mean to forgive somebody?",
    "Which vitamins are in spinach?",
    "How do I make two columns equally wide?",
    "Do fish sleep?",
    "What shall we do about the neighbours?",
    "Who won the election in the north?",
    "How are bridges tested?",
    "Is there life on other planets?",
    "Why does my computer make a noise?",
    "What happens to the soul?",
    "interest rates and the housing market",
    "enzyme kinetics at low temperature",
    "penalty for late delivery under the contract",
    "a sonnet of fourteen lines",
    "the treaty that ended the war",
    "convergence of an infinite series",
    "knight takes bishop",
    "bring to the boil, then simmer for ten minutes",
    "goalkeeper saves in extra time",
    "symptoms of iron deficiency",
    "the judge dismissed the appeal",
    "plate tectonics and mountain building",
    "a chorus in a minor key",
    "inheritance law of the cantons",
    "how neurons fire",
    "irrigation of dry fields",
    "the moon landing was broadcast live",
    "customs duty on electric cars",
    "stock prices fell sharply on Monday",
    "choosing a school for twins",
    "où est la gare",
    "das Wetter morgen im Norden",
    "receta de tortilla de patatas",
    "il treno parte alle otto",
    "hur mycket kostar det",
    "lorem ipsum dolor sit amet",
    "for (int i = 0; i < n; i++) sum += a[i];",
    "DELETE FROM customers WHERE id = 7",
    "curl -X POST http://localhost:8080/api",
    "NullPointerException at line 42",
    "git push rejected",
    "<div class=\"header\">",
    "3.14159265",
    "1984-07-23",
    "+49 30 901820",
    "someone@example.com",
    "hjkl hjkl hjkl",
    "aaaaaaaaaaaa",
    "qqq zzz xxx",
    "!!!",
};

size_t examine_elsewhere_count(void)
{
    return ARRAY_COUNT(texts);
}

struct text examine_elsewhere(size_t i)
{
    CHECK(i < ARRAY_COUNT(texts));
    return text_of(texts[i]);
}
