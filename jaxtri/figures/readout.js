// Write into `place` what `scans` (records of readout.py) hold at the nodes nearest to the pointer (`cb_obj`).
const fields = one => one instanceof Map ? Object.fromEntries(one) : one;

const shown = (value, digits = 4) => {
    if (Number.isNaN(value)) return "not a number";
    if (!Number.isFinite(value)) return "infinite";
    const short = Number(value.toPrecision(digits)), size = Math.abs(short);
    return size === 0 || (size >= 1e-3 && size < 1e6) ? `${short}` : short.toExponential();
};

// Position of the nearest node in logarithms, or -1 more than half a step before the first or past the last.
const nearest = (nodes, value) => {
    const at = Math.log(value), last = nodes.length - 1;
    let best = 0, least = Infinity;
    nodes.forEach((node, i) => {
        const far = Math.abs(Math.log(node) - at);
        if (far < least) [best, least] = [i, far];
    });
    const inside = nodes[0] <= value && value <= nodes[last], next = best === 0 ? 1 : last - 1;
    return last === 0 || inside || least <= Math.abs(Math.log(nodes[next] / nodes[best])) / 2 ? best : -1;
};

const verdict = (one, cell) => {
    const code = one.status?.[cell], silent = one.status && !stated.includes(code);
    const said = [];
    if (silent) said.push("no statement");
    else if (one.leading) {
        const name = one.searches[one.leading[cell]], ratio = 10 ** (one.log10_ratio?.[cell] ?? NaN);
        if (one.status && one.log10_ratio) said.push(ratio > 1 ? "excluded" : "not excluded");
        if (!name) said.push("no search has data here");
        else said.push(`leading search ${name}`);
        if (name && one.log10_ratio) {
            const what = one.by_lifetime[cell] ? "lesser of signal/limit and lifetime/edge of its window"
                                               : "signal/limit";
            said.push(`${what} ${shown(ratio)}`);
        }
    }
    if (one.status) said.push(`status ${statuses[code]}`);
    return said.join(", ");
};

const rates = (one, i, g_X) => {
    const square = g_X * g_X, masses = one.m_X.length;
    const of_x = [], decays = [], channels = [];
    if (one.lifetime) of_x.push(`lifetime ${shown(one.lifetime[i] / square)} s`);
    if (one.width) of_x.push(`width ${shown(one.width[i] * square)} GeV`);
    if (one.triangle_sum_re && one.triangle_sum_im) {
        const [re, im] = [one.triangle_sum_re[i], one.triangle_sum_im[i]];
        of_x.push(`triangle sum ${shown(re)}${im < 0 ? "-" : "+"}${shown(Math.abs(im))}i`);
    }
    if (one.x_br) one.final_states.forEach((name, k) => decays.push(`${name} ${shown(one.x_br[k * masses + i])}`));
    if (one.log10_br) one.channels.forEach((name, k) => {
        const value = 10 ** one.log10_br[k * masses + i] * square;
        channels.push(`BR(${name}) ${one.refused.includes(name) ? "no rate" : shown(value)}`);
    });
    return [of_x.join(", "), decays.length ? `X decays: ${decays.join(", ")}` : "", channels.join(", ")];
};

const line = record => {
    const one = fields(record);
    const i = nearest(one.m_X, cb_obj.x), j = nearest(one.g_X, cb_obj.y);
    if (i < 0 || j < 0) return `${one.name}: outside the axes`;
    const parts = [
        `${one.name}: m_X = ${shown(one.m_X[i], 6)} GeV, g_X = ${shown(one.g_X[j], 6)}`,
        verdict(one, i * one.g_X.length + j),
        ...rates(one, i, one.g_X[j]),
        one.absent.length ? `not in the file: ${one.absent.join(", ")}` : "",
    ];
    return parts.filter(part => part).join(scans.length > 1 ? "; " : "\n");
};

place.text = scans.map(line).join("\n");
