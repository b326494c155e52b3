// Times as the reader's clock shows them, or in the zone they chose, and a waiting room that keeps itself up to date.
// Without this file times are in the desk's zone, which they name, the page reloads itself, and everything works the same.
(function () {
  "use strict";
  const QUICK = 1000;
  const SLOW = 15000;
  const language = document.documentElement.lang;
  const timeZone = document.documentElement.dataset.zone || undefined;
  const AFTER_A_TIME = language === "de" ? " Uhr" : "";
  const reader = navigator.language.startsWith(language) ? navigator.language : language;

  function localTimes(root) {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const moment = new Date(time.dateTime);
      const dayOf = (when) => when.toLocaleDateString("en", { timeZone });
      const today = dayOf(moment) === dayOf(new Date());
      const clock = { hour: "numeric", minute: "2-digit" };
      const day = today ? {} : { day: "numeric", month: "short" };
      time.textContent = moment.toLocaleString(reader, { ...day, ...clock, timeZone }) + AFTER_A_TIME;
    }
  }

  // Beside the time of the next try, for the eye only: a reader of the page is told the time once.
  function countDown() {
    for (const time of document.querySelectorAll(".countdown time[datetime]")) {
      const seconds = Math.round((new Date(time.dateTime) - Date.now()) / 1000);
      let left = time.nextElementSibling;
      if (!left || left.className !== "left") {
        left = document.createElement("span");
        left.className = "left";
        left.setAttribute("aria-hidden", "true");
        time.after(left);
      }
      left.textContent = seconds > 0 && seconds < 86400 ? " (" + inWords(seconds) + ")" : "";
    }
  }

  function inWords(seconds) {
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
    if (hours) return "in " + hours + (language === "de" ? " Std. " : " h ") + minutes + " min";
    return "in " + (minutes ? minutes + " min " : "") + (seconds % 60) + " s";
  }

  function watch(room) {
    const news = document.getElementById("news");
    let wait = QUICK;
    let last = "";
    let tag = "";

    async function look() {
      if (document.hidden || somebodyTypesIn(room)) return again();
      try {
        const headers = tag ? { "If-None-Match": tag } : {};
        const answer = await fetch("?part=1", { headers, cache: "no-store" });
        tag = answer.headers.get("ETag") || "";
        if (answer.status === 200) show(await answer.text());
      } catch { /* no network: the next look tries again */ }
      if (!settled()) again();
    }

    function again() {
      wait = Math.min(wait * 1.3, SLOW);
      setTimeout(look, wait);
    }

    function settled() {
      const steps = room.querySelector(".steps");
      return steps !== null && steps.dataset.settled === "yes";
    }

    function show(html) {
      if (html === last) return;
      const before = sentences(room);
      if (last) wait = QUICK;
      last = html;
      const place = room.contains(document.activeElement) ? document.activeElement.outerHTML : "";
      room.innerHTML = html;
      const onward = room.querySelector("a[data-onward]");
      if (onward) return location.replace(onward.href);
      localTimes(room);
      countDown();
      focusAgain(place);
      tell(sentences(room).filter((sentence) => !before.includes(sentence)));
    }

    function focusAgain(place) {
      if (!place) return;
      const same = [...room.querySelectorAll("a, button, input")].find((each) => each.outerHTML === place);
      (same || document.getElementById("main")).focus();
    }

    function tell(sentencesThatAreNew) {
      if (news && sentencesThatAreNew.length) news.textContent = sentencesThatAreNew.join(" ");
    }

    if (room.dataset.settled !== "yes") setTimeout(look, wait);
  }

  function sentences(room) {
    return [...room.querySelectorAll(".lead, .steps li")].map((each) => each.textContent.trim());
  }

  function somebodyTypesIn(room) {
    return room.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
  }

  // The next page, and the emails, name times in it.
  document.cookie = "zone=" + Intl.DateTimeFormat().resolvedOptions().timeZone +
    "; path=/; max-age=31536000; samesite=lax" + (location.protocol === "https:" ? "; secure" : "");

  localTimes(document);
  countDown();
  setInterval(countDown, 1000);
  const room = document.getElementById("live");
  if (room) watch(room);
})();
