/**
 * What travels between the view and Python, as types. The view knows no model, current or method by name: everything
 * it shows arrives in these messages.
 *
 * @typedef {Record<string, any>} Experiment  one simulation as data; the view only writes at dotted paths in it
 *
 * @typedef {number[] | Float64Array} Numbers  a list that may have travelled packed
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
 * @property {number[]} [grid]  sorted; the thumb then runs over these values evenly, as on a logarithmic scale
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
 * @property {string} [view]  the view it opens with
 * @property {string} [group]  those of a group are in one list, called so
 * @property {boolean} [isLinked]  made from a link that was opened
 *
 * @typedef {object} View
 * @property {string} name  "traces" or that of a plane
 * @property {string} label
 * @property {string} summary
 *
 * @typedef {object} MethodKind
 * @property {string} name
 * @property {string} label
 * @property {string[]} locates  how it may place its spikes; empty for the exact solution
 *
 * @typedef {object} Description
 * @property {string} version
 * @property {number} protocol
 * @property {Preset[]} presets
 * @property {Record<string, {symbol: string, unit: string, meaning: string}>} parameters
 * @property {Record<string, number>} limits
 * @property {string} first  the preset to open with
 * @property {View[]} views
 * @property {MethodKind[]} methods
 * @property {{name: string, label: string}[]} locates
 * @property {Slider} dt
 * @property {string | null} address  of the public page, for links
 * @property {Format[]} copies  what the experiments can be copied as
 * @property {Format[]} saves  what the picture and its numbers can be saved as
 * @property {Step[]} tour
 *
 * @typedef {{name: string, label: string}} Format
 *
 * @typedef {object} Step  of the tour
 * @property {string} title
 * @property {string} text
 * @property {string} link
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
 * @property {Numbers} t
 * @property {Numbers} V
 * @property {Numbers} I
 * @property {Numbers} I_t
 * @property {Numbers} theta_t
 * @property {Numbers} theta  the threshold where it moves, else empty
 * @property {Numbers} asc_t
 * @property {Numbers} asc  the sum of the currents that spikes leave behind, nA, where they do
 * @property {Numbers} kick_t
 * @property {Numbers} kick  by how much the input makes V jump, mV
 * @property {Numbers} spikes
 * @property {Line[]} lines
 * @property {Readout[]} readouts
 * @property {string} sentence
 * @property {string} equation
 * @property {{spike_count: number | null, message: string} | null} crowded
 *
 * @typedef {object} ErrorResult  one experiment by another method, held against the exact solution
 * @property {number} duration
 * @property {Span} window
 * @property {string} label  "Euler, dt 0.5 ms, on the grid"
 * @property {Numbers} t
 * @property {Numbers} V
 * @property {Numbers} spikes
 * @property {Numbers} missed  times of exact spikes that the method has not
 * @property {Numbers} extra  times of the method's spikes that are none
 * @property {Numbers} error_t  times of the exact spikes that have a partner
 * @property {Numbers} error  the method's time minus the exact one, ms
 * @property {Readout[]} readouts
 * @property {string} sentence
 * @property {{message: string} | null} crowded
 *
 * @typedef {object} Axis
 * @property {string} label
 * @property {string} unit
 * @property {string} symbol
 * @property {"linear" | "log"} scale
 * @property {Span} range
 *
 * @typedef {object} Curve
 * @property {string} name
 * @property {string} label
 * @property {string} style
 * @property {"line" | "points" | "both"} kind
 * @property {Numbers} x
 * @property {Numbers} y
 * @property {boolean[]} [hollow]
 * @property {string} [note]  written beside the curve: "slope 1.02"
 *
 * @typedef {object} Mark  a level across the plane
 * @property {"x" | "y"} axis
 * @property {number} value
 * @property {string} label
 * @property {"threshold" | "reference"} role
 *
 * @typedef {object} PlanePoint  where an experiment stands on the plane
 * @property {number} x
 * @property {number} y
 * @property {string} label
 * @property {number} experiment
 * @property {boolean | null} fires
 * @property {{x: string | null, y: string | null}} targets  paths that the coordinates are written at when it is dragged
 * @property {{x: number, y: number}} origin  the value at the path is the coordinate plus this
 *
 * @typedef {object} Plane  a view beside the traces: curves over two quantities of the experiment
 * @property {string} view
 * @property {string} title
 * @property {string} sentence
 * @property {string} text  the alternative for who cannot see the picture
 * @property {Axis} x
 * @property {Axis} y
 * @property {Curve[]} curves
 * @property {Mark[]} marks
 * @property {PlanePoint[]} points
 * @property {Readout[]} readouts
 *
 * @typedef {object} Method  the method compared with the exact solution; "Exact" compares nothing
 * @property {string} name
 * @property {number} dt  ms
 * @property {string} locate
 * @property {Span} [extent]  of the dt slider, where a typed value widened it
 *
 * @typedef {object} Choice  what is remembered of a preset while another one is shown
 * @property {string} variant
 * @property {Record<string, number>} values  moved sliders only
 * @property {Record<string, Span>} extents  sliders widened by a typed value
 *
 * @typedef {object} Held  the setting B: a copy that stays while the sliders go on with A
 * @property {string} label  "B"
 * @property {string} preset
 * @property {Choice} choice  to swap A and B
 * @property {Experiment[]} experiments
 * @property {string[]} names  of the experiments, empty for a single one
 *
 * @typedef {object} Saved  what a notebook keeps and what undo remembers: plain JSON
 * @property {string} preset
 * @property {Record<string, Choice>} choices  by preset
 * @property {string} view
 * @property {Method} method
 * @property {Held | null} held
 *
 * @typedef {object} Still  a picture to paint before Python is there; its lists packed as they came
 * @property {Experiment[]} experiments  what was run
 * @property {string[]} names  of the experiments, empty for a single one
 * @property {Result[]} results
 * @property {Plane} [plane]
 *
 * @typedef {object} Fault  why Python could not answer
 * @property {string | null} path
 * @property {string} rule
 * @property {unknown} value
 * @property {string} message
 * @property {number | null} [experiment]
 * @property {string[]} [paths]  every path that the broken rule speaks of
 *
 * @typedef {object} RunRequest
 * @property {"run"} kind
 * @property {string} view
 * @property {Experiment[]} experiments
 * @property {Span | null} window
 * @property {number} width
 * @property {boolean} [packed]  long lists come as base64
 * @property {{name: string, locate: string}} [method]  of the view "convergence"
 *
 * @typedef {object} Shared  what is shown, as it is passed on
 * @property {Experiment[]} experiments  by the compared method, if there is one
 * @property {string[]} names
 *
 * @typedef {Shared & {kind: "link", view: string, state: Saved}} LinkRequest
 * @typedef {{kind: "open", link: string}} OpenRequest
 * @typedef {Shared & {kind: "copy", format: string}} CopyRequest
 *
 * @typedef {object} SaveFields
 * @property {"save"} kind
 * @property {string} format
 * @property {string} view
 * @property {Span | null} window
 * @property {number} width
 * @property {number} subject
 * @property {string} title
 * @property {{locate: string}} method  of the view "convergence"
 * @property {Shared | null} held  the setting B
 *
 * @typedef {Shared & SaveFields} SaveRequest
 *
 * @typedef {object} Opened  what a link carries
 * @property {Experiment[]} experiments
 * @property {string[]} names
 * @property {string | null} view
 * @property {unknown} state  where the controls stood, as another lab wrote it
 * @property {Method | null} method  with a time step, if the experiments have one
 * @property {Preset} preset  with a slider for every number
 *
 * @typedef {{kind: "describe"} | RunRequest | LinkRequest | OpenRequest | CopyRequest | SaveRequest} Request
 *
 * @typedef {object} Reply
 * @property {number} id
 * @property {boolean} ok
 * @property {Description} [describe]
 * @property {Result[] | ErrorResult[]} [results]  ErrorResults in answer to the view "error"
 * @property {Plane} [plane]
 * @property {string} [link]  without its number sign
 * @property {Opened} [opened]
 * @property {string} [text]  to copy, or of a file
 * @property {string} [name]  of a file
 * @property {string} [type]  of a file
 * @property {Fault} [error]
 * @property {boolean} [superseded]  not computed because a newer request waited
 * @property {number} [elapsed_ms]
 */

export {};
