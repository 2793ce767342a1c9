"use strict";
// Walks through the sizes of one file. Names come from the binary: they only ever become text nodes.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const K = data.kinds.length;
  const CODE = data.kinds.indexOf("code"), PCLNTAB = data.kinds.indexOf("pclntab");
  const MOST_CELLS = 2500, MOST_ROWS = 400;

  // How bytes were found that do not belong to their owner alone, by the data's own words.
  const HOWS = [
    ["referenced", "found by references: up to where the next one points"],
    ["pro-rata", "shared out pro rata"],
    ["first-user", "shared with others, counted here as the first user"],
  ];

  // Characters that are invisible or change how others are shown become visible.
  const odd = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
  const visible = (text) => text.replace(odd, (c) => "\\u{" + c.charCodeAt(0).toString(16) + "}");

  const spaced = (kind) => kind.replaceAll("-", " ");

  function element(tag, name, text) {
    const e = document.createElement(tag);
    if (name) e.className = name;
    if (text !== undefined) e.textContent = visible(text);
    return e;
  }

  function human(bytes) {
    if (bytes < 1000) return bytes + " B";
    let unit = "kB", value = bytes / 1e3;
    if (value >= 999.5) { unit = "MB"; value = bytes / 1e6; }
    if (value >= 999.5) { unit = "GB"; value = bytes / 1e9; }
    return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + " " + unit;
  }
  const exact = (bytes) => String(bytes).replace(/\B(?=(\d{3})+$)/g, ",");
  function percent(part, whole) {
    const p = whole > 0 ? 100 * part / whole : 0;
    return (p >= 9.95 ? p.toFixed(0) : p >= 0.095 ? p.toFixed(1) : p > 0 ? "<0.1" : "0") + " %";
  }

  // ---- The data as trees -------------------------------------------------------------------------------------------

  // A node: a name, bytes, bytes by kind and by how they were found; its parts are made when they are first asked for.
  function node(name, parent, more) {
    return Object.assign({ name, parent, bytes: 0, kinds: new Float64Array(K), hows: new Float64Array(data.hows.length), parts: () => [] }, more);
  }
  function add(n, kind, how, bytes) {
    n.bytes += bytes; n.kinds[kind] += bytes; n.hows[how] += bytes;
  }
  function lazily(make) {
    let made = null;
    return () => made || (made = make().filter((n) => n.bytes > 0).sort((a, b) => b.bytes - a.bytes));
  }

  const groupClass = [];
  {
    let rank = 0;
    const fixed = { runtime: [265, 16], foreign: [20, 45], "no-module": [190, 18], file: [220, 7], unattributed: [220, 5] };
    for (const [type] of data.groups) groupClass.push(fixed[type] || [(192 + 137 * rank++) % 360, 58]);
  }
  const hue = (g) => ({ h: groupClass[g][0], s: groupClass[g][1], type: data.groups[g][0] });

  // A package's path within its module.
  function short(name, g) {
    const [type, module] = data.groups[g];
    return type === "module" && name.startsWith(module + "/") ? name.slice(module.length + 1) : name;
  }

  function functionsOf(item, kind, parent, all) {
    const list = data.functions[item] || [], rest = data.rest[item], column = kind === CODE ? 1 : 2;
    const made = [];
    let sum = 0;
    const part = (name, bytes, more) => {
      if (!(bytes > 0)) return;
      const n = node(name, parent, Object.assign({ item, kindClass: data.kinds[kind] }, more));
      add(n, kind, 0, bytes);
      sum += bytes;
      made.push(n);
    };
    list.forEach((f, index) => part(f[0], f[column], { fn: index }));
    if (rest) part(exact(rest[0]) + " smaller functions", rest[column], { type: "rest" });
    if (made.length) part("shared by its functions", all - sum, { type: "rest" });
    return made;
  }

  // What an item consists of: kinds, and functions where there are any.
  function kindsOf(n, item) {
    return data.kinds.map((kind, k) => {
      const part = node(spaced(kind), n, { item, kindClass: kind });
      if (n.kinds[k] > 0) add(part, k, 0, n.kinds[k]);
      part.hows.fill(0);
      if (k === CODE || k === PCLNTAB) part.parts = lazily(() => functionsOf(item, k, part, n.kinds[k]));
      return part;
    });
  }

  // Groups and items below `parent`, of the rows that `wanted` takes.
  function groupsOf(parent, wanted, below) {
    const groups = new Map(), items = new Map();
    for (const row of data.rows) {
      if (!wanted(row)) continue;
      const [, i, k, how, bytes] = row, g = data.items[i][0];
      let group = groups.get(g), item = items.get(i);
      if (!group) {
        const [, name, version] = data.groups[g];
        group = node(name, parent, Object.assign({ group: g, version }, hue(g)));
        group.list = [];
        group.parts = lazily(() => group.list);
        groups.set(g, group);
      }
      if (!item) {
        const full = data.items[i][1];
        item = node(short(full, g), group, Object.assign({ item: i, full }, hue(g)));
        const made = item;
        made.parts = lazily(() => below(made, i));
        group.list.push(item);
        items.set(i, item);
      }
      add(group, k, how, bytes);
      add(item, k, how, bytes);
    }
    return [...groups.values()];
  }

  function whole(parts) {
    const root = node(data.file, null, {});
    for (const [, , k, how, bytes] of data.rows) add(root, k, how, bytes);
    root.parts = lazily(() => parts(root));
    return root;
  }

  const views = {
    modules: () => whole((root) => groupsOf(root, () => true, kindsOf)),
    kinds: () => whole((root) => data.kinds.map((kind, k) => {
      const n = node(spaced(kind), root, { kindClass: kind });
      for (const row of data.rows) if (row[2] === k) add(n, k, row[3], row[4]);
      const below = (item, i) => k === CODE || k === PCLNTAB ? functionsOf(i, k, item, item.bytes) : [];
      n.parts = lazily(() => groupsOf(n, (row) => row[2] === k, below));
      return n;
    })),
    sections: () => whole((root) => data.sections.map(([name], s) => {
      const n = node(name || "(in no section)", root, { h: (192 + 47 * s) % 360, s: 30 });
      for (const row of data.rows) if (row[0] === s) add(n, row[2], row[3], row[4]);
      n.parts = lazily(() => groupsOf(n, (row) => row[0] === s, (item, i) => kindsOf(item, i).map((k) => Object.assign(k, { parts: () => [] }))));
      return n;
    })),
  };
  const roots = {};
  const rootOf = (view) => roots[view] || (roots[view] = views[view]());

  // ---- State -------------------------------------------------------------------------------------------------------

  let view = "modules", current = rootOf(view), cells = [], focused = null;
  let sort = { key: "bytes", down: true };
  let query = "", found = null;

  const pathOf = (n) => { const path = []; for (; n; n = n.parent) path.unshift(n); return path; };
  const label = (n) => n.full || n.name || "(no name)";

  // The address names view and place, so that the browser's own keys for back and forth work.
  function address(n) {
    const places = pathOf(n).slice(1).map((part) => part.parent.parts().indexOf(part));
    return "#" + [view, ...places].join("/");
  }
  function follow() {
    const [name, ...places] = location.hash.slice(1).split("/");
    view = Object.hasOwn(views, name) ? name : "modules";
    current = rootOf(view);
    for (const place of places) {
      const next = current.parts()[Number(place)];
      if (!next || !next.parts().length) break;
      current = next;
    }
    for (const input of document.querySelectorAll("input[name=view]")) input.checked = input.value === view;
    show();
  }
  function go(n, keepFocus) {
    const from = current;
    while (n.parent && !n.parts().length) n = n.parent;
    if (n === current) return;
    current = n;
    focused = pathOf(from).includes(n) ? pathOf(from)[pathOf(n).length] : null;
    history.pushState(null, "", address(n));
    show();
    const map = $("map");
    map.classList.remove("in");
    void map.offsetWidth;
    map.classList.add("in");
    if (keepFocus) focusCell();
  }

  // ---- Treemap -----------------------------------------------------------------------------------------------------

  // Squarified: rows along the shorter side, as long as the worst rectangle becomes no worse.
  function squarify(parts, x, y, w, h, place) {
    let total = 0;
    for (const p of parts) total += p.bytes;
    if (!(total > 0)) return;
    const scale = w * h / total;
    let start = 0;
    while (start < parts.length && w > 0.5 && h > 0.5) {
      const side = Math.min(w, h), first = parts[start].bytes * scale;
      let sum = 0, worst = Infinity, end = start;
      for (; end < parts.length; end++) {
        const area = parts[end].bytes * scale, s = sum + area;
        const now = Math.max(side * side * first / (s * s), s * s / (side * side * area));
        if (end > start && now > worst) break;
        sum = s; worst = now;
      }
      const depth = sum / side;
      let at = 0;
      for (let i = start; i < end; i++) {
        const len = parts[i].bytes * scale / depth;
        if (w >= h) place(parts[i], x, y + at, depth, len); else place(parts[i], x + at, y, len, depth);
        at += len;
      }
      if (w >= h) { x += depth; w -= depth; } else { y += depth; h -= depth; }
      start = end;
    }
  }

  // What fits of a name: all of it, or the last parts of a path, which tell most. Empty where not even that says anything.
  function fitted(name, width, letter) {
    const fits = (text) => text.length * letter <= width;
    if (fits(name)) return name;
    const parts = name.split("/");
    let tail = name;
    while (parts.length > 1 && !fits("…/" + parts.join("/"))) { parts.shift(); tail = parts.join("/"); }
    if (tail !== name && fits("…/" + tail)) return "…/" + tail;
    return fits(tail) || width >= 4 * letter ? tail : "";
  }

  function paint(cell, n, depth) {
    if (n.kindClass) cell.classList.add("k-" + n.kindClass);
    else { cell.style.setProperty("--h", n.h); cell.style.setProperty("--s", n.s + "%"); }
    cell.classList.add("d" + Math.min(depth, 2));
    if (n.type === "unattributed" || n.type === "rest") cell.classList.add("t-" + n.type);
    if (found) {
      const how = hits(n);
      if (how === 0) cell.classList.add("dim");
      if (how === 2 && (n.fn !== undefined || !n.kindClass)) cell.classList.add("hit");
    }
  }

  function cellFor(n, depth, left, top, width, height, deeper) {
    const cell = element("div", "cell");
    Object.assign(cell.style, { left: left + "px", top: top + "px", width: width + "px", height: height + "px" });
    paint(cell, n, depth);
    cell.dataset.cell = cells.length;
    cells.push({ n, depth, element: cell, x: left, y: top, w: width, h: height });
    const letter = deeper ? 7.2 : 6.7;
    const name = height > 17 ? fitted(n.name || "(no name)", width - 10, letter) : "", bytes = human(n.bytes);
    const room = width - 14 - (deeper ? name.length * letter + 8 : 0);
    if (name) cell.append(element("span", "n", name));
    if (name && (deeper || height > 36) && bytes.length * 6.7 < room) cell.append(element("span", "b", bytes));
    if (deeper) cell.classList.add("head");
    if (!n.parts().length) cell.classList.add("leaf");
    if (depth === 0) {
      cell.setAttribute("role", "button");
      cell.setAttribute("aria-label", visible(label(n)) + ", " + human(n.bytes) + ", " + percent(n.bytes, current.bytes));
      cell.tabIndex = -1;
    } else cell.setAttribute("aria-hidden", "true");
    return cell;
  }

  // The focus is shown above what is in the cell.
  function ring() {
    const e = $("ring"), cell = cells.find((c) => c.element === document.activeElement);
    if (!e) return;
    e.hidden = !cell || !cell.element.matches(":focus-visible");
    if (cell) Object.assign(e.style, { left: cell.x + "px", top: cell.y + "px", width: cell.w - 1 + "px", height: cell.h - 1 + "px" });
  }

  function draw() {
    const map = $("map"), box = map.getBoundingClientRect(), made = document.createDocumentFragment();
    cells = [];
    // Level by level, so that where there are too many cells, the deepest are left out.
    let level = [[current.parts(), 0, 0, box.width, box.height]];
    for (let depth = 0; level.length; depth++) {
      const next = [];
      const put = (n, x, y, w, h) => {
        const left = Math.round(x), top = Math.round(y), width = Math.round(x + w) - left, height = Math.round(y + h) - top;
        if (width < 3 || height < 3 || cells.length >= MOST_CELLS) return;
        const deeper = depth < 2 && width > 44 && height > 40 && n.parts().length > 0;
        made.append(cellFor(n, depth, left, top, width, height, deeper));
        if (deeper) next.push([n.parts(), left + 2, top + 20, width - 5, height - 23]);
      };
      for (const [parts, x, y, w, h] of level) squarify(parts, x, y, w, h, put);
      level = next;
    }
    const ring = element("div", "");
    ring.id = "ring";
    ring.hidden = true;
    made.append(ring);
    map.replaceChildren(made);
    map.setAttribute("aria-label", "Treemap of " + visible(label(current)) + ", " + human(current.bytes));
    const start = cells.find((c) => c.n === focused && c.depth === 0) || cells[0];
    if (start) { start.element.tabIndex = 0; focused = start.n; }
  }

  const cellOf = (target) => { const e = target.closest && target.closest(".cell"); return e ? cells[Number(e.dataset.cell)] : null; };
  function focusCell(cell) {
    cell = cell || cells.find((c) => c.n === focused && c.depth === 0) || cells[0];
    if (!cell) return;
    for (const c of cells) if (c.depth === 0) c.element.tabIndex = -1;
    cell.element.tabIndex = 0;
    focused = cell.n;
    cell.element.focus({ preventScroll: true });
  }
  function move(dx, dy) {
    const from = cells.find((c) => c.n === focused && c.depth === 0);
    if (!from) return focusCell();
    const middle = (c) => [c.x + c.w / 2, c.y + c.h / 2], [fx, fy] = middle(from);
    let best = null, least = Infinity;
    for (const c of cells) {
      if (c.depth !== 0 || c === from) continue;
      // Beyond the edge in the direction of the key; then the nearest, overlap across it first.
      const ahead = dx > 0 ? c.x - (from.x + from.w) : dx < 0 ? from.x - (c.x + c.w) : dy > 0 ? c.y - (from.y + from.h) : from.y - (c.y + c.h);
      if (ahead < -2) continue;
      const across = dx ? Math.max(0, c.y - fy, fy - (c.y + c.h)) : Math.max(0, c.x - fx, fx - (c.x + c.w));
      const [mx, my] = middle(c), cost = Math.abs(ahead) + 3 * across + 0.01 * (dx ? Math.abs(my - fy) : Math.abs(mx - fx));
      if (cost < least) { least = cost; best = c; }
    }
    if (best) { focusCell(best); tip(best, null); }
  }

  function tip(cell, event) {
    const box = $("tip");
    if (!cell) { box.hidden = true; return; }
    const n = cell.n, lines = [];
    const where = pathOf(n).slice(1, -1).map(label).join(" › ");
    if (where) lines.push(where);
    let size = exact(n.bytes) + " bytes · " + percent(n.bytes, data.bytes) + " of the file";
    if (n.parent && n.parent.parent) size += " · " + percent(n.bytes, n.parent.bytes) + " of " + label(n.parent);
    lines.push(size);
    if (n.version) lines.push("version " + n.version);
    for (const [how, words] of HOWS) {
      const bytes = n.hows[data.hows.indexOf(how)];
      if (bytes > 0) lines.push(percent(bytes, n.bytes) + " of it " + words);
    }
    box.replaceChildren(element("strong", "", label(n)), ...lines.map((line) => element("em", "", line)));
    box.hidden = false;
    const area = cell.element.getBoundingClientRect();
    const x = event ? event.clientX + 14 : area.left + 8, y = event ? event.clientY + 16 : area.bottom + 6;
    box.style.left = Math.max(4, Math.min(x, innerWidth - box.offsetWidth - 8)) + "px";
    box.style.top = Math.max(4, y + box.offsetHeight > innerHeight - 4 ? y - box.offsetHeight - 28 : y) + "px";
  }

  // ---- Search ------------------------------------------------------------------------------------------------------

  let index = null;
  function entries() {
    if (index) return index;
    index = [];
    data.items.forEach(([g, name], i) => {
      index.push({ text: (data.groups[g][1] + " " + name).toLowerCase(), i, f: -1 });
      (data.functions[i] || []).forEach((f, at) => index.push({ text: (name + "." + f[0]).toLowerCase(), i, f: at }));
    });
    return index;
  }
  function search(text) {
    query = text.trim().toLowerCase();
    found = null;
    if (query) {
      const words = query.split(/\s+/), items = new Map(), groups = new Set(), list = [];
      for (const e of entries()) {
        if (!words.every((word) => e.text.includes(word))) continue;
        if (e.f < 0) items.set(e.i, true);
        else {
          if (items.get(e.i) === true) { list.push(e); continue; }
          if (!items.has(e.i)) items.set(e.i, new Set());
          items.get(e.i).add(e.f);
        }
        groups.add(data.items[e.i][0]);
        list.push(e);
      }
      found = { items, groups, list };
    }
    show();
  }
  // 2: it was searched for; 1: something in it was; 0: nothing.
  function hits(n) {
    if (n.item !== undefined) {
      const hit = found.items.get(n.item);
      if (hit === true) return 2;
      if (!hit) return 0;
      return n.fn === undefined ? (n.type === "rest" ? 0 : 1) : hit.has(n.fn) ? 2 : 0;
    }
    return n.group === undefined ? 1 : found.groups.has(n.group) ? 1 : 0;
  }
  // The results as nodes of the tree of modules, largest first.
  function results() {
    const byItem = new Map();
    for (const group of rootOf("modules").parts()) for (const item of group.parts()) byItem.set(item.item, item);
    const nodes = [];
    let bytes = 0;
    for (const { i, f } of found.list) {
      const item = byItem.get(i);
      if (!item) continue;
      if (f < 0) { nodes.push(item); bytes += item.bytes; continue; }
      const [name, code, pclntab] = data.functions[i][f];
      const n = node(name, item, { item: i, fn: f, into: item });
      add(n, CODE, 0, code);
      add(n, PCLNTAB, 0, pclntab);
      nodes.push(n);
      if (found.items.get(i) !== true) bytes += n.bytes;
    }
    return { nodes, bytes };
  }

  // ---- Table -------------------------------------------------------------------------------------------------------

  const sum = (n, names) => names.reduce((s, name) => s + n.kinds[data.kinds.indexOf(name)], 0);
  const columns = [
    { key: "name", title: "Name", value: label },
    { key: "bytes", title: "Size", value: (n) => n.bytes },
    { key: "share", title: "Share", value: (n) => n.bytes },
    { key: "code", title: "Code", wide: true, value: (n) => sum(n, ["code"]) },
    { key: "data", title: "Data", wide: true, value: (n) => sum(n, ["read-only-data", "strings", "initialised-data"]) },
    { key: "pclntab", title: "Pclntab", wide: true, value: (n) => sum(n, ["pclntab"]) },
    { key: "types", title: "Types", wide: true, value: (n) => sum(n, ["type-data"]) },
    { key: "debug", title: "Debug", wide: true, value: (n) => sum(n, ["debug-info", "symbol-table"]) },
    { key: "kinds", title: "What", value: null },
  ];

  function heads() {
    $("columns").replaceChildren(...columns.map((column) => {
      const th = element("th", column.wide ? "wide" : "");
      th.scope = "col";
      if (!column.value) { th.append(element("span", "sr", column.title)); return th; }
      const button = element("button", "", column.title);
      button.type = "button";
      button.dataset.sort = column.key;
      button.addEventListener("click", () => {
        sort = { key: column.key, down: sort.key === column.key ? !sort.down : column.key !== "name" };
        table();
      });
      th.append(button);
      if (sort.key === column.key) th.setAttribute("aria-sort", sort.down ? "descending" : "ascending");
      return th;
    }));
  }

  function stack(n) {
    const bar = element("div", "stack");
    data.kinds.forEach((kind, k) => {
      const share = n.bytes > 0 ? 100 * n.kinds[k] / n.bytes : 0;
      if (share < 0.5) return;
      const part = element("b", "k-" + kind);
      part.style.width = share + "%";
      bar.append(part);
    });
    return bar;
  }

  function table() {
    const focus = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.sort : null;
    heads();
    if (focus) document.querySelector('[data-sort="' + focus + '"]').focus();
    let nodes = current.parts(), bytes = current.bytes, all = "";
    if (found) {
      const result = results();
      nodes = result.nodes;
      bytes = data.bytes;
      all = exact(nodes.length) + (nodes.length === 1 ? " match, " : " matches, ") + human(result.bytes) + " (" + percent(result.bytes, data.bytes) + " of the file)";
    }
    const value = columns.find((column) => column.key === sort.key).value, down = sort.down ? -1 : 1;
    const order = (a, b) => { const x = value(a), y = value(b); return down * (x < y ? -1 : x > y ? 1 : 0) || b.bytes - a.bytes; };
    const rows = [...nodes].sort(order).slice(0, MOST_ROWS).map((n) => {
      const tr = element("tr"), name = element("td");
      if (n.parts().length || n.into) {
        const button = element("button", "", found ? label(n) : n.name || "(no name)");
        button.type = "button";
        button.addEventListener("click", () => { if (found) leaveSearch(n.into || n); else go(n); });
        name.append(button);
      } else name.append(element("span", "name", n.name || "(no name)"));
      if (n.version) name.append(element("small", "", n.version));
      if (found) name.append(element("span", "path", pathOf(n).slice(1, -1).map(label).join(" › ")));
      tr.append(name);
      for (const column of columns.slice(1)) {
        const td = element("td", column.wide ? "wide" : "");
        if (column.key === "share") td.textContent = percent(n.bytes, bytes);
        else if (column.value) { const v = column.value(n); td.textContent = v ? human(v) : "–"; if (!v) td.classList.add("zero"); }
        else td.append(stack(n));
        tr.append(td);
      }
      return tr;
    });
    $("rows").replaceChildren(...rows);
    $("status").textContent = all;
    $("more").textContent = nodes.length > MOST_ROWS ? exact(nodes.length - MOST_ROWS) + " more are not listed" : "";
  }

  // From a result to its place in the tree of modules.
  function leaveSearch(n) {
    $("search").value = "";
    query = "";
    found = null;
    view = "modules";
    for (const input of document.querySelectorAll("input[name=view]")) input.checked = input.value === view;
    if (current === n) show(); else go(n);
  }

  // ---- The rest ----------------------------------------------------------------------------------------------------

  function show() {
    tip(null);
    const path = pathOf(current), made = [];
    path.forEach((n, at) => {
      if (at) made.push(element("i", "", "›"));
      const button = element("button", "", at ? label(n) : "whole file");
      button.type = "button";
      if (n === current) button.setAttribute("aria-current", "location");
      button.addEventListener("click", () => go(n));
      made.push(button);
    });
    made.push(element("small", "", exact(current.bytes) + " bytes" + (current.parent ? " · " + percent(current.bytes, data.bytes) + " of the file" : "")));
    $("crumbs").replaceChildren(...made);
    const shown = data.kinds.map((kind, k) => [kind, current.kinds[k]]).filter(([, bytes]) => bytes > 0);
    $("bar").replaceChildren(...shown.map(([kind, bytes]) => {
      const b = element("b", "k-" + kind);
      b.style.flex = bytes + " 0 0";
      return b;
    }));
    $("chips").replaceChildren(...shown.map(([kind, bytes]) => {
      const li = element("li");
      li.append(element("b", "k-" + kind), spaced(kind), element("span", "", human(bytes)));
      return li;
    }));
    draw();
    table();
  }

  function summary() {
    const root = rootOf("modules"), of = (type) => root.parts().filter((n) => n.type === type).reduce((s, n) => s + n.bytes, 0);
    const packages = data.items.filter(([g]) => ["module", "no-module"].includes(data.groups[g][0])).length;
    const parts = [human(data.bytes), exact(packages) + " packages"];
    const modules = data.groups.filter(([type]) => type === "module").length;
    if (modules) parts.push(exact(modules) + " modules");
    if (of("file")) parts.push(percent(of("file"), data.bytes) + " file structure");
    parts.push(percent(of("unattributed"), data.bytes) + " not attributed");
    $("summary").textContent = parts.join(" · ");
  }

  $("map").addEventListener("click", (event) => { const cell = cellOf(event.target); if (cell) go(cell.n); });
  $("map").addEventListener("mousemove", (event) => tip(cellOf(event.target), event));
  $("map").addEventListener("mouseleave", () => tip(null));
  $("map").addEventListener("focusin", ring);
  $("map").addEventListener("focusout", () => { tip(null); $("ring").hidden = true; });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target === $("search");
    if (event.key === "/" && !typing) { event.preventDefault(); $("search").focus(); return; }
    if (event.key === "Escape" && (typing || found)) { $("search").value = ""; search(""); $("search").blur(); focusCell(); return; }
    if (typing || event.target.name === "view") return;
    const inMap = $("map").contains(event.target);
    if ((event.key === "Escape" || event.key === "Backspace") && current.parent) { event.preventDefault(); go(current.parent, true); return; }
    if (event.key === "Home" && inMap) { event.preventDefault(); go(rootOf(view), true); return; }
    if (!inMap && event.target !== document.body) return;
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (arrow && inMap) { event.preventDefault(); move(...arrow); return; }
    if ((event.key === "Enter" || event.key === " ") && inMap) {
      event.preventDefault();
      const cell = cellOf(event.target);
      if (cell && cell.n.parts().length) go(cell.n, true);
    }
  });
  let typed = 0;
  $("search").addEventListener("input", () => { clearTimeout(typed); typed = setTimeout(() => search($("search").value), 90); });
  for (const input of document.querySelectorAll("input[name=view]")) {
    input.addEventListener("change", () => { history.pushState(null, "", "#" + input.value); follow(); });
  }
  $("theme").addEventListener("click", () => {
    const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme:dark)").matches;
    document.documentElement.dataset.theme = dark ? "light" : "dark";
  });
  addEventListener("popstate", follow);
  let drawn = "";
  const extent = () => $("map").clientWidth + "x" + $("map").clientHeight;
  new ResizeObserver(() => { if (extent() !== drawn) { drawn = extent(); draw(); } }).observe($("map"));

  $("file").textContent = visible(data.file);
  $("tool").textContent = "Made by " + visible(data.tool) + ".";
  $("gaps").replaceChildren(...data.gaps.map((gap) => element("li", "", "Not read: " + gap)));
  $("app").hidden = false;
  drawn = extent();
  summary();
  follow();
})();
