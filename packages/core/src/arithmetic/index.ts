/** The canonical arithmetic in TypeScript: operators repeated to the bit, a part of one output at a time. */
