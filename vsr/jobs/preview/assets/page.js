"use strict";
(() => {
  const $ = (selector) => document.querySelector(selector);
  const data = JSON.parse($("#page-data").textContent);
  const { variants, shots, loop } = data;
  const picture = (shot, variant) => $(`img[data-shot="${shot}"][data-variant="${variant}"]`);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  document.documentElement.classList.add("js");

  // ---- state -------------------------------------------------------------------------------
  const last = variants.length - 1;
  const state = {
    shot: 0, left: 0, right: Math.min(1, last), divider: 50, view: "slider",
    zoom: "fit", x: 0.5, y: 0.5, // the point of the picture in the middle of the stage, 0 to 1
    isBlind: false, order: variants.map((_, index) => index),
  };
  const nameOf = (index) =>
    state.isBlind ? "ABCDEFGH"[state.order.indexOf(index)] : variants[index].name;

  // ---- stage -------------------------------------------------------------------------------
  const stage = $("#stage"), range = $("#divider"), line = $(".divider");
  const panes = { left: $(".pane.left"), right: $(".pane.right") };
  const images = { left: $(".pane.left img"), right: $(".pane.right img") };

  function paneWidth() {
    return state.view === "beside" ? stage.clientWidth / 2 - 2 : stage.clientWidth;
  }

  function scale() {
    const shot = shots[state.shot];
    if (state.zoom === "fit") {
      return Math.min(paneWidth() / shot.width, stage.clientHeight / shot.height);
    }
    return state.zoom / devicePixelRatio; // at 1, one pixel of the picture is one of the screen
  }

  function sizeStage() {
    const shot = shots[state.shot];
    const columns = state.view === "beside" ? 2 : 1;
    const wanted = (stage.clientWidth / columns) * (shot.height / shot.width);
    stage.style.height = `${Math.round(Math.max(220, Math.min(wanted, innerHeight * 0.74)))}px`;
  }

  function place() {
    const shot = shots[state.shot];
    const s = scale(), width = shot.width * s, height = shot.height * s;
    const shift = (length, room, at) =>
      length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, room / 2 - at * length));
    const dx = shift(width, paneWidth(), state.x), dy = shift(height, stage.clientHeight, state.y);
    for (const image of Object.values(images)) {
      image.style.width = `${shot.width}px`;
      image.style.height = `${shot.height}px`;
      image.style.transform = `translate(${dx}px, ${dy}px) scale(${s})`;
    }
    const isLarger = width > paneWidth() + 1 || height > stage.clientHeight + 1;
    stage.classList.toggle("pans", isLarger);
    stage.classList.toggle("exact", s * devicePixelRatio >= 1.99);
    stage.classList.toggle("beside", state.view === "beside");
    const at = state.view === "beside" ? 100 : state.divider;
    panes.left.style.clipPath = state.view === "beside" ? "none" : `inset(0 ${100 - at}% 0 0)`;
    line.style.left = `${at}%`;
  }

  function describe() {
    const shot = shots[state.shot];
    for (const side of ["left", "right"]) {
      const source = picture(state.shot, state[side]);
      images[side].src = source.src;
      images[side].alt = `${shot.label}, ${nameOf(state[side])}`;
      $(`.stage .tag.${side}`).textContent = nameOf(state[side]);
      if (loop) $(`.moving .tag.${side}`).textContent = nameOf(state[side]);
    }
    range.setAttribute("aria-valuetext", `${nameOf(state.left)} on ${Math.round(state.divider)} % of the width`);
  }

  function show(announced = true) {
    sizeStage();
    place();
    describe();
    if (announced) {
      const shot = shots[state.shot];
      say(`Frame ${state.shot + 1}, ${shot.label}. Left ${nameOf(state.left)}, right ${nameOf(state.right)}.`);
    }
    drawLoop();
  }

  function say(text) {
    $("#said").textContent = text;
  }

  // ---- controls ----------------------------------------------------------------------------
  function fillSides() {
    for (const side of ["left", "right"]) {
      const select = $(`#${side}`);
      const order = state.isBlind ? state.order : variants.map((_, index) => index);
      select.replaceChildren(...order.map((index) => new Option(nameOf(index), index)));
      select.value = state[side];
    }
  }

  function setSides(left, right) {
    state.left = left;
    state.right = right;
    $("#left").value = left;
    $("#right").value = right;
    show();
  }

  function setShot(index) {
    if (index < 0 || index >= shots.length) return;
    state.shot = index;
    const input = document.querySelectorAll('input[name="shot"]')[index];
    input.checked = true;
    show();
  }

  const ZOOMS = ["fit", 1, 2, 4];
  function setZoom(zoom) {
    state.zoom = zoom;
    const input = $(`input[name="zoom"][value="${zoom}"]`);
    if (input) input.checked = true;
    place();
  }

  function setDivider(percent) {
    state.divider = Math.min(100, Math.max(0, percent));
    range.value = state.divider;
    place();
    describe();
  }

  function chooseShots() {
    const strip = $(".frames .strip");
    shots.forEach((shot, index) => {
      const label = document.createElement("label");
      const input = Object.assign(document.createElement("input"), {
        type: "radio", name: "shot", value: index, checked: index === 0,
      });
      const thumb = Object.assign(document.createElement("canvas"), { width: 128, height: 72 });
      const text = document.createElement("span");
      const time = document.createElement("b"), why = document.createElement("small");
      time.textContent = shot.time;
      why.textContent = shot.why;
      text.append(time, why);
      label.append(input, thumb, text);
      strip.append(label);
      input.addEventListener("change", () => setShot(index));
      const image = new Image();
      image.onload = () => cover(thumb, image);
      image.src = picture(index, 0).src;
    });
  }

  function cover(canvas, image) {
    const share = Math.max(canvas.width / image.width, canvas.height / image.height);
    const width = canvas.width / share, height = canvas.height / share;
    canvas.getContext("2d").drawImage(
      image, (image.width - width) / 2, (image.height - height) / 2, width, height,
      0, 0, canvas.width, canvas.height);
  }

  chooseShots();
  for (const side of ["left", "right"]) {
    $(`#${side}`).addEventListener("change", (event) => {
      state[side] = Number(event.target.value);
      show();
    });
  }
  $("#swap").addEventListener("click", () => setSides(state.right, state.left));
  for (const input of document.querySelectorAll('input[name="zoom"]')) {
    input.addEventListener("change", () => setZoom(input.value === "fit" ? "fit" : Number(input.value)));
  }
  for (const input of document.querySelectorAll('input[name="view"]')) {
    input.addEventListener("change", () => {
      state.view = input.value;
      show(false);
    });
  }
  range.addEventListener("input", () => setDivider(Number(range.value)));

  // ---- pointer: drag the divider, or the picture once it is larger than the stage --------------
  let drag = null;
  const percentAt = (event) => {
    const box = stage.getBoundingClientRect();
    return (100 * (event.clientX - box.left)) / box.width;
  };
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    range.focus({ preventScroll: true });
    const distance = Math.abs(percentAt(event) - state.divider) * stage.clientWidth / 100;
    const pans = stage.classList.contains("pans");
    const onLine = state.view === "slider" && (distance < 26 || !pans);
    if (!onLine && !pans) return;
    drag = { onLine, x: event.clientX, y: event.clientY };
    stage.setPointerCapture(event.pointerId);
    stage.classList.toggle("grabbed", !onLine);
    if (onLine) setDivider(percentAt(event));
    event.preventDefault();
  });
  stage.addEventListener("pointermove", (event) => {
    if (!drag) return;
    if (drag.onLine) {
      setDivider(percentAt(event));
      return;
    }
    const shot = shots[state.shot], s = scale();
    pan(-(event.clientX - drag.x) / (shot.width * s), -(event.clientY - drag.y) / (shot.height * s));
    drag.x = event.clientX;
    drag.y = event.clientY;
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    stage.addEventListener(kind, () => {
      drag = null;
      stage.classList.remove("grabbed");
    });
  }

  function pan(dx, dy) {
    const shot = shots[state.shot], s = scale();
    const half = (room, length) => Math.min(0.5, room / 2 / (length * s));
    const w = half(paneWidth(), shot.width), h = half(stage.clientHeight, shot.height);
    state.x = Math.min(1 - w, Math.max(w, state.x + dx));
    state.y = Math.min(1 - h, Math.max(h, state.y + dy));
    place();
  }

  function zoomAt(event, steps) {
    const index = Math.min(ZOOMS.length - 1, Math.max(0, ZOOMS.indexOf(state.zoom) + steps));
    if (event) {
      const box = stage.getBoundingClientRect(), shot = shots[state.shot], s = scale();
      pan((event.clientX - box.left - box.width / 2) / (shot.width * s),
          (event.clientY - box.top - box.height / 2) / (shot.height * s));
    }
    setZoom(ZOOMS[index]);
  }
  stage.addEventListener("dblclick", (event) => zoomAt(event, state.zoom === "fit" ? 2 : -9));
  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // without a key, the page scrolls
    event.preventDefault();
    zoomAt(event, event.deltaY < 0 ? 1 : -1);
  }, { passive: false });

  // ---- keys --------------------------------------------------------------------------------
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target;
    const isField = target.closest("select, button, input:not(#divider), video, a");
    if (isField && !/^[a-z0-9+=\-]$/.test(event.key)) return;
    if (target.closest("select")) return;
    const isLarger = stage.classList.contains("pans");
    const act = {
      ArrowLeft: () => (event.shiftKey && isLarger ? pan(-0.04, 0) : setDivider(state.divider - 2)),
      ArrowRight: () => (event.shiftKey && isLarger ? pan(0.04, 0) : setDivider(state.divider + 2)),
      ArrowUp: isLarger ? () => pan(0, -0.05) : null,
      ArrowDown: isLarger ? () => pan(0, 0.05) : null,
      Home: target === range ? () => setDivider(0) : null,
      End: target === range ? () => setDivider(100) : null,
      "+": () => zoomAt(null, 1), "=": () => zoomAt(null, 1),
      "-": () => zoomAt(null, -1), 0: () => setZoom("fit"),
      s: () => setSides(state.right, state.left),
      v: () => setView(state.view === "slider" ? "beside" : "slider"),
      b: () => setBlind(!state.isBlind),
      p: loop ? () => togglePlay() : null,
    }[event.key] || (/^[1-9]$/.test(event.key) ? () => setShot(Number(event.key) - 1) : null);
    if (!act) return;
    event.preventDefault();
    act();
  }
  document.addEventListener("keydown", onKey);

  function setView(view) {
    state.view = view;
    $(`input[name="view"][value="${view}"]`).checked = true;
    show(false);
  }

  // ---- the loop: one video holds every variant, so that they cannot drift apart ---------------
  const video = $("#loop-video");
  const canvases = loop ? [$("#loop-left"), $("#loop-right")] : [];

  function drawLoop() {
    if (!loop) return;
    const zoom = Math.max(1, Math.floor(devicePixelRatio));
    canvases.forEach((canvas, index) => {
      const tile = loop.tiles[index === 0 ? state.left : state.right];
      const width = Math.min(loop.width, Math.round((canvas.parentElement.clientWidth * devicePixelRatio) / zoom) || loop.width);
      const height = loop.height;
      if (canvas.width !== width || canvas.height !== height) {
        canvas.width = width;
        canvas.height = height;
        canvas.style.aspectRatio = `${width} / ${height}`;
        canvas.style.maxWidth = `${(width * zoom) / devicePixelRatio}px`; // its own pixels
      }
      const left = tile[0] + Math.round((loop.width - width) / 2);
      canvas.getContext("2d").drawImage(video, left, tile[1], width, height, 0, 0, width, height);
    });
  }

  function togglePlay() {
    if (video.paused) video.play().catch(() => {});
    else video.pause();
  }

  function step(frames) {
    video.pause();
    const at = Math.round(video.currentTime * loop.fps - 0.5) + frames;
    video.currentTime = (((at % loop.frames) + loop.frames) % loop.frames + 0.5) / loop.fps;
  }

  if (loop) {
    const playing = () => {
      $("#play").textContent = video.paused ? "Play" : "Pause";
    };
    const tick = () => {
      drawLoop();
      if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(tick);
      else if (!video.paused) requestAnimationFrame(tick);
    };
    for (const kind of ["play", "pause"]) video.addEventListener(kind, playing);
    for (const kind of ["loadeddata", "seeked"]) video.addEventListener(kind, drawLoop);
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(tick);
    else video.addEventListener("play", () => requestAnimationFrame(tick));
    $("#play").addEventListener("click", togglePlay);
    $("#back").addEventListener("click", () => step(-1));
    $("#forth").addEventListener("click", () => step(1));
    $("#speed").addEventListener("change", (event) => {
      video.playbackRate = Number(event.target.value);
    });
    if (!calm) video.play().catch(playing);
    playing();
  }

  // ---- blind test ----------------------------------------------------------------------------
  let pairs = [], votes = [];

  function shuffled(list) {
    const copy = [...list];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = Math.floor(Math.random() * (i + 1));
      [copy[i], copy[j]] = [copy[j], copy[i]];
    }
    return copy;
  }

  function setBlind(isBlind) {
    state.isBlind = isBlind;
    document.body.classList.toggle("blind", isBlind);
    $("#blind").setAttribute("aria-pressed", isBlind);
    $("#vote").hidden = !isBlind;
    $("#verdict").hidden = true;
    if (isBlind) {
      state.order = shuffled(variants.map((_, index) => index));
      const every = [];
      for (let shot = 0; shot < shots.length; shot++) {
        for (let a = 0; a <= last; a++) {
          for (let b = a + 1; b <= last; b++) every.push({ shot, sides: shuffled([a, b]) });
        }
      }
      pairs = shuffled(every).slice(0, 12);
      votes = [];
      fillSides();
      nextPair();
    } else {
      fillSides();
      show();
    }
  }

  function nextPair() {
    const pair = pairs[votes.length];
    if (!pair) {
      reveal();
      return;
    }
    $("#question").textContent = `Pair ${votes.length + 1} of ${pairs.length}: which looks better?`;
    state.shot = pair.shot;
    document.querySelectorAll('input[name="shot"]')[pair.shot].checked = true;
    setSides(...pair.sides);
    say(`${$("#question").textContent} Left ${nameOf(state.left)}, right ${nameOf(state.right)}.`);
  }

  function vote(side) {
    const pair = pairs[votes.length];
    if (!pair) return;
    votes.push({ ...pair, choice: side === null ? null : pair.sides[side] });
    nextPair();
  }

  function reveal() {
    const rows = variants.map((variant, index) => {
      const seen = votes.filter((one) => one.sides.includes(index));
      const won = seen.filter((one) => one.choice === index).length;
      const even = seen.filter((one) => one.choice === null).length;
      return { name: variant.name, won, even, lost: seen.length - won - even };
    });
    rows.sort((a, b) => b.won - b.lost - (a.won - a.lost));
    $("#verdict tbody").replaceChildren(...rows.map((row) => {
      const line = document.createElement("tr");
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = row.name;
      line.append(head, ...[row.won, row.even, row.lost].map((count) => {
        const cell = document.createElement("td");
        cell.textContent = count;
        return cell;
      }));
      return line;
    }));
    const count = votes.length;
    setBlind(false);
    $("#verdict").hidden = count === 0;
    say(count ? `Names revealed after ${count} pairs. First: ${rows[0].name}.` : "Names revealed.");
  }

  $("#blind").addEventListener("click", () => setBlind(!state.isBlind));
  $("#vote-left").addEventListener("click", () => vote(0));
  $("#vote-right").addEventListener("click", () => vote(1));
  $("#vote-same").addEventListener("click", () => vote(null));
  $("#reveal").addEventListener("click", reveal);

  // ---- commands ------------------------------------------------------------------------------
  for (const button of document.querySelectorAll("button.copy")) {
    button.addEventListener("click", async () => {
      const code = button.parentElement.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1600);
    });
  }

  addEventListener("resize", () => show(false));
  fillSides();
  show(false);
})();
