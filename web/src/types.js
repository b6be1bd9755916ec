/**
 * What travels between the view and Python, as types. The view knows no model, current or method by name: everything
 * it shows arrives in these messages.
 *
 * @typedef {Record<string, any>} Experiment  one simulation as data; the view only writes at dotted paths in it
 *
 * @typedef {object} Target
 * @property {string} path  dotted, digits index lists: "current.0.amplitude"
 * @property {number} factor
 * @property {number} power  the value written is factor * v ** power
 * @property {number | null} experiment  which experiment of the variant, null for all
 *
 * @typedef {object} Slider
 * @property {string} name
 * @property {string} symbol
 * @property {string} label
 * @property {string} group
 * @property {string} unit
 * @property {number} minimum
 * @property {number} maximum
 * @property {number} step
 * @property {number} default
 * @property {Target[]} targets
 *
 * @typedef {object} Variant
 * @property {string} name
 * @property {string} label
 * @property {string} note
 * @property {{label: string, experiment: Experiment}[]} experiments
 * @property {Slider[]} sliders
 *
 * @typedef {object} Preset
 * @property {string} name
 * @property {string} title
 * @property {string} summary
 * @property {Variant[]} variants
 *
 * @typedef {object} Description
 * @property {string} version
 * @property {number} protocol
 * @property {Preset[]} presets
 * @property {Record<string, {symbol: string, unit: string, meaning: string}>} parameters
 * @property {Record<string, number>} limits
 *
 * @typedef {[number, number]} Span  start and end, ms (or low and high on another axis)
 *
 * @typedef {object} Line  a level drawn across the V panel
 * @property {string} name
 * @property {string} label
 * @property {string} role  "threshold", "rest" or "reset"
 * @property {number} value
 *
 * @typedef {object} Readout
 * @property {string} name
 * @property {string} label
 * @property {string} unit
 * @property {number | null} value
 * @property {string} text
 *
 * @typedef {object} Result  one experiment, sampled for the asked window and width
 * @property {number} duration
 * @property {Span} window
 * @property {number[]} t
 * @property {number[]} V
 * @property {number[]} I
 * @property {number[]} I_t
 * @property {number[]} spikes
 * @property {Line[]} lines
 * @property {Readout[]} readouts
 * @property {string} sentence
 * @property {string} equation
 * @property {{spike_count: number, message: string} | null} crowded
 *
 * @typedef {object} Fault  why Python could not answer
 * @property {string | null} path
 * @property {string} rule
 * @property {unknown} value
 * @property {string} message
 * @property {number | null} [experiment]
 *
 * @typedef {{kind: "describe"} | {kind: "run", experiments: Experiment[], view: string, window: Span | null, width: number}} Request
 *
 * @typedef {object} Reply
 * @property {number} id
 * @property {boolean} ok
 * @property {Description} [describe]
 * @property {Result[]} [results]
 * @property {Fault} [error]
 * @property {boolean} [superseded]  not computed because a newer request waited
 * @property {number} [elapsed_ms]
 */

export {};
