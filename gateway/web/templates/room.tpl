{{%AUTOESCAPE context="HTML"}}<header class="list-header">
<p class="kicker"><a href="/c/{{CHANNEL_SLUG}}">{{CHANNEL_NAME}}</a></p>
<h1>{{HEADING}}</h1>
{{#INTRO}}<p class="lede">{{W_ROOM_INTRO}}</p>
{{/INTRO}}
<p class="quiet">{{COUNT}}</p>
</header>
{{#TYPED}}{{>CONVERSATION}}
{{/TYPED}}
{{#OUTSIDE}}<div class="wall">
<p>{{TEXT}}</p>
{{>OFFER}}
</div>
{{/OUTSIDE}}
{{#DOOR}}<form method="post" action="{{PATH}}/join" class="stacked card">
<label class="check"><input type="checkbox" name="listed" value="1" checked> {{W_ROOM_LISTED}}</label>
<p class="form-actions"><button type="submit" class="button">{{W_ROOM_JOIN}}</button></p>
</form>
{{/DOOR}}
{{#INSIDE}}<div class="room">
{{>CONVERSATION}}
<aside class="room-side" aria-labelledby="room-who">
<h2 id="room-who">{{W_ROOM_WHO}}</h2>
{{#NOBODY}}<p class="quiet">{{W_ROOM_NOBODY}}</p>
{{/NOBODY}}
<ul class="plain-list">
{{#MEMBER}}<li>{{NAME}}</li>
{{/MEMBER}}
</ul>
{{#MORE}}<p class="quiet">{{W_ROOM_MORE}}</p>
{{/MORE}}
<form method="post" action="{{PATH}}/join" class="stacked">
<label class="check"><input type="checkbox" name="listed" value="1"{{#LISTED}} checked{{/LISTED}}> {{W_ROOM_LISTED}}</label>
<p class="form-actions"><button type="submit" class="button button-small button-quiet">{{W_FORM_SAVE}}</button></p>
</form>
<form method="post" action="{{PATH}}/leave"><button type="submit" class="link">{{W_ROOM_LEAVE}}</button></form>
</aside>
</div>
{{/INSIDE}}
