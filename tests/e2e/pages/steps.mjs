/** Steps of the walk through the pages, with what they need. */
export class Steps {
  /** @param tools browsers, url, logins, look, logIn, openMail, step */
  constructor(tools) {
    Object.assign(this, tools);
  }

  async signedIn(role, back, options = {}) {
    const page = await this.browsers.reader(options);
    await this.logIn(page, this.logins[role], back);
    return page;
  }

  /** Ends the session of a page in another tab, and returns that tab. */
  async logOutBeside(page) {
    const beside = await page.context().newPage();
    await beside.goto("/account");
    await beside.getByRole("button", { name: "Log out", exact: true }).last().click();
    await beside.waitForURL(`${this.url}/`);
    return beside;
  }
}
