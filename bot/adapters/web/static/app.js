"use strict";
/* The local chat's page. Messages come as HTML that the server has escaped; everything else is set as text. */
(() => {
  const $ = (id) => document.getElementById(id);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const store = {
    get: (key) => { try { return localStorage.getItem("kakehashi." + key); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem("kakehashi." + key, value); } catch { /* private mode */ } },
  };
  let state = null;          // what /api/state said
  let words = {};            // its texts
  let channel = null;
  let oldest = null;         // id of the oldest message shown
  const unread = new Map();
  const latest = new Map();  // newest message id known, per channel
  const seen = new Set();    // ids of the messages that arrived while the page was open
  const history = [];
  let recall = -1;

  // --- talking to the server --------------------------------------------------------------------------------

  async function call(path, body) {
    const options = body === undefined ? {} : {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    };
    const answer = await fetch(path, options);
    if (!answer.ok) throw new Error((await answer.text()).trim() || answer.statusText);
    return answer.json();
  }
  const here = () => ({ channel, language: state.language, zone });

  function complain(error) {
    $("connection").textContent = (words.failed || "{why}").replace("{why}", error.message);
  }

  // --- the frame around the messages ------------------------------------------------------------------------

  async function loadState(language) {
    const query = language ? "?language=" + encodeURIComponent(language) : "";
    state = await call("/api/state" + query);
    words = state.strings;
    for (const name of state.channels) if (!latest.has(name)) latest.set(name, state.newest[name] || 0);
    document.documentElement.lang = state.language;
    for (const node of document.querySelectorAll("[data-text]")) node.textContent = words[node.dataset.text] || "";
    $("menu").setAttribute("aria-label", words.menu);
    $("line").placeholder = words.composer;
    $("suggest").setAttribute("aria-label", words.suggestions);
    const select = $("language");
    select.replaceChildren(...Object.entries(state.languages).map(([code, name]) => new Option(name, code)));
    select.value = state.language;
    showNotices();
    drawChannels();
  }

  function showNotices() {
    const box = $("notices");
    box.hidden = !state.notices.length;
    box.replaceChildren(...state.notices.map((line, n) => {
      const p = document.createElement("p");
      p.textContent = n ? line : words.attention + ": " + line;
      return p;
    }));
  }

  const label = (name) => (name.startsWith("@") ? words.direct : "# " + name);

  /* Buttons are kept while the channels stay the same, so that none loses the focus when something arrives. */
  function drawChannels() {
    const list = $("channels");
    const shown = [...list.querySelectorAll("button")].map((button) => button.dataset.channel);
    if (shown.join("\n") !== state.channels.join("\n")) list.replaceChildren(...state.channels.map(channelItem));
    for (const button of list.querySelectorAll("button")) mark(button);
  }

  function channelItem(name) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.channel = name;
    button.addEventListener("click", () => open(name));
    item.append(button);
    return item;
  }

  function mark(button) {
    const name = button.dataset.channel;
    const count = unread.get(name);
    button.replaceChildren(label(name));
    button.removeAttribute("aria-label");
    if (name === channel) button.setAttribute("aria-current", "page"); else button.removeAttribute("aria-current");
    if (!count) return;
    const badge = document.createElement("span");
    badge.className = "unread";
    badge.textContent = count;
    button.append(badge);
    button.setAttribute("aria-label", label(name) + ", " + words.unread.replace("{n}", count));
  }

  async function open(name) {
    channel = name;
    store.set("channel", name);
    unread.delete(name);
    oldest = null;
    $("log").replaceChildren();
    $("log").setAttribute("aria-live", "off");   // a whole channel is not read out at once
    $("channel-name").textContent = label(name);
    $("side").classList.remove("open");
    $("menu").setAttribute("aria-expanded", "false");
    drawChannels();
    await more();
    $("log").setAttribute("aria-live", "polite");
    toEnd();
  }

  // --- messages ---------------------------------------------------------------------------------------------

  async function more() {
    const wanted = channel;
    const before = oldest === null ? "" : "&before=" + oldest;
    const page = await call("/api/messages?channel=" + encodeURIComponent(wanted) + before);
    if (wanted !== channel) return;
    const anchor = $("log").firstChild;
    for (const message of page.messages) {
      if (!document.getElementById("m" + message.id)) $("log").insertBefore(draw(message), anchor);
      latest.set(wanted, Math.max(latest.get(wanted) || 0, message.id));
    }
    if (page.messages.length) oldest = page.messages[0].id;
    $("older").hidden = !page.more;
    $("empty").hidden = $("log").childElementCount > 0;
  }

  function draw(message) {
    const article = document.createElement("article");
    article.id = "m" + message.id;
    article.dataset.id = message.id;
    article.className = [message.kind, message.bot ? "" : "mine", message.private ? "private" : ""].join(" ").trim();
    article.tabIndex = -1;
    article.source = JSON.stringify(message);
    const header = document.createElement("header");
    const author = document.createElement("b");
    author.textContent = message.bot ? message.author : words.you;
    const at = document.createElement("time");
    at.dateTime = message.at;
    header.append(author, at);
    if (message.private && message.bot) {
      const badge = document.createElement("span");
      badge.className = "badge";
      badge.textContent = words.private;
      header.append(badge);
    }
    const card = document.createElement("div");
    card.className = "card";
    card.lang = message.language;
    card.innerHTML = message.html;
    if (message.shareable) card.append(shareButton(message.id));
    article.append(header, card);
    localise(article);
    return article;
  }

  function shareButton(id) {
    const row = document.createElement("div");
    row.className = "actions";
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.share = id;
    button.textContent = words.share;
    row.append(button);
    return row;
  }

  const FORMATS = {
    date: { dateStyle: "medium" },
    time: { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" },
    datetime: { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" },
  };
  function localise(root) {
    for (const node of root.querySelectorAll("time")) {
      const at = new Date(node.dateTime);
      const format = FORMATS[node.dataset.style] || FORMATS.datetime;
      const around = node.closest("[lang]");           // a Ukrainian digest has Ukrainian dates on any page
      const language = (around && around.lang) || state.language;
      node.title = at.toISOString();
      node.textContent = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, format).format(at);
    }
  }

  function arrived(message) {
    if (seen.has(message.id) || document.getElementById("m" + message.id)) return;
    seen.add(message.id);
    latest.set(message.channel, Math.max(latest.get(message.channel) || 0, message.id));
    if (message.channel !== channel) {
      unread.set(message.channel, (unread.get(message.channel) || 0) + 1);
      drawChannels();
      return;
    }
    const stay = !nearEnd();
    const node = draw(message);
    node.classList.add("fresh");
    const later = [...$("log").children].find((each) => Number(each.dataset.id) > message.id);
    $("log").insertBefore(node, later || null);
    $("empty").hidden = true;
    if (stay) $("jump").hidden = false; else toEnd();
  }

  function replaced(message) {
    const old = document.getElementById("m" + message.id);
    if (!old || old.source === JSON.stringify(message)) return;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const fresh = draw(message);
    old.replaceWith(fresh);
    if (!focused) return;
    const buttons = [...fresh.querySelectorAll("button:not(:disabled)")];
    (buttons.find((each) => each.textContent === focused.textContent) || buttons[0] || fresh).focus();
  }

  const nearEnd = () => { const s = $("scroll"); return s.scrollHeight - s.scrollTop - s.clientHeight < 120; };
  function toEnd() {
    const last = $("log").lastElementChild;
    const box = $("scroll");
    box.scrollTop = last && last.offsetHeight > box.clientHeight ? last.offsetTop - box.offsetTop - 12 : box.scrollHeight;
    $("jump").hidden = true;
  }

  $("log").addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    if (!button || button.ariaDisabled === "true") return;
    const id = Number(button.closest("article").dataset.id);
    button.ariaDisabled = "true";      // unlike "disabled", this leaves the focus where it is
    try {
      if (button.dataset.share) {
        await call("/api/share", { message: id });
        button.textContent = words.shared;
        return;
      }
      await call("/api/press", { ...here(), message: id, action: button.dataset.action });
    } catch (error) { complain(error); }
    button.ariaDisabled = null;
  });

  // --- live events ------------------------------------------------------------------------------------------

  const RETRY = 2000;        // milliseconds, where the browser gives up by itself
  const GREETING = 3000;     // milliseconds
  let lost = false;

  function listen() {
    const events = new EventSource("/api/events");
    events.addEventListener("hello", catchUp);
    events.addEventListener("message", (event) => arrived(JSON.parse(event.data)));
    events.addEventListener("replaced", (event) => replaced(JSON.parse(event.data)));
    events.addEventListener("state", () => loadState(state.language).catch(complain));
    events.onerror = () => {
      lost = true;
      $("connection").textContent = words.offline;
      if (events.readyState === EventSource.CLOSED) setTimeout(listen, RETRY);
    };
  }

  /* The stream brings what comes from now on; this brings what came before it was open, or while it was not. */
  async function catchUp() {
    const known = new Map(latest);
    try {
      await loadState(state.language);
      for (const name of state.channels) {
        if (name === channel || (state.newest[name] || 0) > known.get(name)) await catchUpWith(name, known.get(name));
      }
      if (lost) greet();
    } catch (error) { complain(error); }
  }

  function greet() {
    lost = false;
    $("connection").textContent = words.online;
    setTimeout(() => { if ($("connection").textContent === words.online) $("connection").textContent = ""; }, GREETING);
  }

  async function catchUpWith(name, known) {
    const page = await call("/api/messages?channel=" + encodeURIComponent(name));
    const missed = page.messages.filter((message) => message.id > known);
    if (name === channel && page.more && missed.length === page.messages.length) return open(name);
    if (name === channel) page.messages.forEach(replaced);
    missed.forEach(arrived);
  }

  // --- the composer and its suggestions ---------------------------------------------------------------------

  const line = $("line");
  const box = $("suggest");
  let shown = [];
  let chosen = -1;
  let asked = 0;

  function commandAt(text) {
    const found = text.match(/^\/(\S+)\s+(.*)$/s);
    if (!found) return null;
    let command = state.commands.find((each) => each.name === found[1]);
    let rest = found[2];
    let sub = null;
    if (command && command.subcommands.length) {
      const inner = rest.match(/^(\S+)\s+(.*)$/s);
      sub = inner && command.subcommands.find((each) => each.name === inner[1]);
      if (!sub) return { command, sub: null, rest };
      rest = inner[2];
    }
    return command ? { command, sub, rest } : null;
  }

  async function suggestions() {
    const text = line.value;
    if (/^\/\S*$/.test(text)) {
      const typed = text.slice(1).toLowerCase();
      return state.commands.filter((each) => each.name.startsWith(typed)).map((each) => ({
        label: "/" + each.name, hint: each.description, line: "/" + each.name + " ",
      }));
    }
    const at = commandAt(text);
    if (!at) return [];
    if (at.command.subcommands.length && !at.sub) {
      return at.command.subcommands.filter((each) => each.name.startsWith(at.rest)).map((each) => ({
        label: "/" + at.command.name + " " + each.name, hint: each.description,
        line: "/" + at.command.name + " " + each.name + " ",
      }));
    }
    const target = at.sub || at.command;
    const done = at.rest.split(/\s+/);
    const half = done.pop();
    const named = half.match(/^([a-z]+):(.*)$/);
    const open_ = target.options.filter((each) => !done.some((word) => word.startsWith(each.name + ":")));
    const option = named ? target.options.find((each) => each.name === named[1]) : open_[done.filter((w) => w && !w.includes(":")).length];
    if (!option || option.rest || !option.completes) return [];
    const query = new URLSearchParams({
      command: at.command.name, subcommand: at.sub ? at.sub.name : "", option: option.name,
      value: named ? named[2] : half, ...here(),
    });
    const answer = await call("/api/complete?" + query);
    const before = text.slice(0, text.length - half.length);
    return answer.choices.slice(0, 12).map((each) => ({
      label: each.name, hint: each.name === each.value ? option.description : each.value,
      line: before + (named ? option.name + ":" : "") + each.value + " ",
    }));
  }

  function usage() {
    const at = commandAt(line.value);
    const target = at && (at.sub || at.command);
    const text = target && !target.subcommands.length && target.options.length
      ? target.options.map((each) => (each.required ? each.name : "[" + each.name + "]") + " – " + each.description).join(" · ") : "";
    $("usage").textContent = text;
    $("usage").hidden = !text || !box.hidden;
  }

  async function suggest() {
    const turn = ++asked;
    let found = [];
    try { found = await suggestions(); } catch (error) { complain(error); }
    if (turn !== asked) return;
    shown = found.filter((each) => each.line.trim() !== line.value.trim());
    chosen = -1;
    box.replaceChildren(...shown.map((each, n) => {
      const row = document.createElement("div");
      row.id = "s" + n;
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", "false");
      const name = document.createElement("b");
      name.textContent = each.label;
      const hint = document.createElement("span");
      hint.textContent = each.hint;
      row.append(name, hint);
      row.addEventListener("mousedown", (event) => { event.preventDefault(); take(n); });
      return row;
    }));
    box.hidden = !shown.length;
    line.setAttribute("aria-expanded", String(!box.hidden));
    line.removeAttribute("aria-activedescendant");
    usage();
  }

  function point(n) {
    chosen = (n + shown.length) % shown.length;
    [...box.children].forEach((row, k) => row.setAttribute("aria-selected", String(k === chosen)));
    line.setAttribute("aria-activedescendant", "s" + chosen);
    box.children[chosen].scrollIntoView({ block: "nearest" });
  }
  function take(n) {
    line.value = shown[n].line;
    close();
    suggest();
    line.focus();
  }
  function close() {
    asked++;
    shown = [];
    box.hidden = true;
    line.setAttribute("aria-expanded", "false");
    line.removeAttribute("aria-activedescendant");
    usage();
  }

  line.addEventListener("input", suggest);
  line.addEventListener("blur", close);
  line.addEventListener("keydown", (event) => {
    if (event.isComposing) return;                       // Japanese input: Enter ends the conversion
    const listed = !box.hidden && shown.length;
    if (event.key === "ArrowDown" && listed) { event.preventDefault(); point(chosen + 1); }
    else if (event.key === "ArrowUp" && listed) { event.preventDefault(); point(chosen < 0 ? -1 : chosen - 1); }
    else if (event.key === "Tab" && listed && !event.shiftKey) { event.preventDefault(); take(Math.max(chosen, 0)); }
    else if (event.key === "Enter" && listed && chosen >= 0) { event.preventDefault(); take(chosen); }
    else if (event.key === "Escape" && listed) { event.preventDefault(); close(); }
    else if (event.key === "ArrowUp" && history.length && (line.value === "" || recall >= 0)) {
      event.preventDefault();
      recall = Math.min(recall + 1, history.length - 1);
      line.value = history[recall];
    }
  });

  $("composer").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = line.value.trim();
    if (!text) return;
    line.value = "";
    history.unshift(text);
    recall = -1;
    close();
    $("connection").textContent = words.working;
    try {
      await call("/api/say", { ...here(), line: text });
      $("connection").textContent = "";
      toEnd();
    } catch (error) { complain(error); line.value = text; }
  });

  // --- settings and start -----------------------------------------------------------------------------------

  function theme(value) {
    document.documentElement.dataset.theme = value;
    $("theme").value = value;
    store.set("theme", value);
  }
  $("theme").addEventListener("change", (event) => theme(event.target.value));
  $("language").addEventListener("change", async (event) => {
    store.set("language", event.target.value);
    await loadState(event.target.value);
    await open(channel);
  });
  $("older").addEventListener("click", async () => {
    const first = $("log").firstElementChild;
    await more();
    if (first) first.scrollIntoView();
  });
  $("jump").addEventListener("click", toEnd);
  $("scroll").addEventListener("scroll", () => { if (nearEnd()) $("jump").hidden = true; }, { passive: true });
  $("menu").addEventListener("click", () => {
    const open_ = $("side").classList.toggle("open");
    $("menu").setAttribute("aria-expanded", String(open_));
  });
  document.addEventListener("keydown", (event) => {
    if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      const names = state.channels;
      open(names[(names.indexOf(channel) + step + names.length) % names.length]);
    } else if (event.key === "/" && document.activeElement === document.body) {
      event.preventDefault();
      line.focus();
      line.value = "/";
      suggest();
    }
  });

  (async () => {
    theme(store.get("theme") || "auto");
    try {
      await loadState(store.get("language"));
      const last = store.get("channel");
      await open(state.channels.includes(last) ? last : state.channels[0]);
      listen();
      line.focus();
      document.documentElement.dataset.ready = "true";
    } catch (error) { complain(error); }
  })();
})();
