/** What stands in the place of secrets. */

/** For a value as a whole. */
export const SECRET_SHOWN = '(secret)';
/** Within the words of a program. */
export const SECRET_MASK = '********';
