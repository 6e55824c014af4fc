/**
 * To be imported before onnxruntime is. Its builds for Linux and macOS report to their makers since 1.29 (models' names,
 * hashes and counts of runs, under an id that it keeps in the home folder), unless this variable is set when the library
 * is loaded. What runs here is nobody's to report; who wants it to sets the variable to 0.
 */
process.env.ORT_DISABLE_TELEMETRY ??= '1'
