// A button beside each password that shows what was typed. Without this file the field works the same.
(function () {
  "use strict";

  function give(place) {
    const input = place.querySelector("input");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.setAttribute("aria-controls", input.id);

    function turn(shown) {
      input.type = shown ? "text" : "password";
      const word = shown ? place.dataset.hide : place.dataset.show;
      button.textContent = word;
      button.setAttribute("aria-label", `${word}: ${place.dataset.what}`);
    }

    button.addEventListener("click", () => turn(input.type === "password"));
    if (input.form) input.form.addEventListener("submit", () => turn(false));
    input.spellcheck = false;
    input.autocapitalize = "off";
    turn(false);
    place.append(button);
  }

  document.querySelectorAll(".secret").forEach(give);
})();
