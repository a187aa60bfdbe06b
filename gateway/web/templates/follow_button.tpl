{{%AUTOESCAPE context="HTML"}}<form class="follow" method="post" action="{{ACTION}}">
<input type="hidden" name="kind" value="{{KIND}}">
<input type="hidden" name="target" value="{{TARGET}}">
<input type="hidden" name="return" value="{{RETURN}}">
<button type="submit" class="button button-small{{#FOLLOWED}} button-quiet{{/FOLLOWED}}" aria-label="{{HINT}}">{{LABEL}}</button>
</form>
