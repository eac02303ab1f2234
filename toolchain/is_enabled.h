/*
 * IS_ENABLED(CONFIG_X) is 1 when the symbol is y and 0 when it is off or unknown, in #if and in C: the
 * compiler sees both branches, so an option that is off cannot rot.
 */
#ifdef CPPCHECK /* its preprocessor cannot expand the placeholder; tests/style/cppcheck defines this */
#define IS_ENABLED(symbol) 1
#else
#define BARTIZAN_PLACEHOLDER_1 0,
#define BARTIZAN_SECOND(ignored, value, ...) value
#define BARTIZAN_IS_SET(expanded) BARTIZAN_SECOND(expanded 1, 0, 0)
#define BARTIZAN_PASTE(value) BARTIZAN_IS_SET(BARTIZAN_PLACEHOLDER_##value)
#define IS_ENABLED(symbol) BARTIZAN_PASTE(symbol)
#endif
