// Keeps the waiting room lively. Without it the page reloads itself, and everything works the same.
(function () {
  "use strict";
  const room = document.getElementById("live");

  function localTimes(root) {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const moment = new Date(time.dateTime);
      const sameDay = moment.toDateString() === new Date().toDateString();
      const options = sameDay ? { hour: "2-digit", minute: "2-digit" }
        : { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
      time.textContent = moment.toLocaleString(document.documentElement.lang, options);
    }
  }

  let wait = 1000;
  let last = "";

  async function look() {
    if (document.hidden) return again();
    try {
      const answer = await fetch("?part=1", { headers: { "X-Requested-With": "fetch" } });
      if (answer.ok) show(await answer.text());
    } catch (error) { /* the next look tries again */ }
    if (room.querySelector(".steps").dataset.settled !== "yes") again();
  }

  function show(html) {
    if (html === last) return;
    if (last) wait = 1000;
    last = html;
    room.innerHTML = html;
    localTimes(room);
  }

  function again() {
    wait = Math.min(wait * 1.3, 15000);
    setTimeout(look, wait);
  }

  localTimes(document);
  if (room && room.dataset.settled !== "yes") setTimeout(look, wait);
})();
