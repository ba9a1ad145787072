// Starts Swagger UI on the description that this very node serves. A file of its own, so that the page needs no inline script.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
