// The form shows an error beside its field, which may be far above the button: repeat it beside the button.
(() => {
  const ID = "spatialcore-form-errors";

  function show(button) {
    const errors = [...document.querySelectorAll(".p-label__message--failed")].map((error) => error.textContent.trim());
    let line = document.getElementById(ID);
    if (!line) {
      line = document.createElement("p");
      line.id = ID;
      line.setAttribute("role", "alert");
      line.style.cssText = "color: #f87171; margin: 0; align-self: center";
      button.parentElement.prepend(line);
    }
    line.textContent = errors.length ? `Not submitted: ${[...new Set(errors)].join("; ")}` : "";
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || button.textContent.trim() !== "Submit") return;
    for (let delay = 200; delay <= 6000; delay += 200) setTimeout(() => button.isConnected && show(button), delay);
  }, true);
})();
